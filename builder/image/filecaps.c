/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/filecaps.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/capability.h>

/*
 * The value, all little-endian (linux/capability.h, vfs_ns_cap_data):
 *
 *	u32 revision and flags
 *	u32 permitted, u32 inheritable     of capabilities 0 to 31
 *	u32 permitted, u32 inheritable     of 32 to 63; not in revision 1
 *	u32 rootid                         revision 3 only
 */
enum { WORD = 4 };

static uint32_t word(const void *value, size_t n)
{
	uint32_t raw;

	memcpy(&raw, (const char *)value + n * WORD, WORD);
	return le32toh(raw);
}

static int set_flags(cap_t caps, const void *value, size_t words)
{
	bool effective = word(value, 0) & VFS_CAP_FLAGS_EFFECTIVE;

	for (unsigned c = 0; c < 32 * words; c++) {
		const cap_value_t one = (cap_value_t)c;
		uint32_t permitted = word(value, 1 + c / 32 * 2) >> c % 32 & 1;
		uint32_t inheritable = word(value, 2 + c / 32 * 2) >> c % 32 & 1;
		int r = 0;

		if (permitted)
			r = cap_set_flag(caps, CAP_PERMITTED, 1, &one, CAP_SET);
		if (inheritable)
			r |= cap_set_flag(caps, CAP_INHERITABLE, 1, &one, CAP_SET);
		if (effective && (permitted || inheritable))
			r |= cap_set_flag(caps, CAP_EFFECTIVE, 1, &one, CAP_SET);
		if (r < 0)
			return -EINVAL;
	}
	return 0;
}

static int put_text(struct buf *b, cap_t caps)
{
	char *text = cap_to_text(caps, NULL);

	if (!text)
		return -EINVAL;
	buf_puts(b, text);
	(void)cap_free(text);
	return 0;
}

int filecaps_put(struct buf *b, const void *value, size_t size)
{
	static const struct {
		uint32_t revision;
		size_t size, words;
	} forms[] = {
		{ VFS_CAP_REVISION_1, XATTR_CAPS_SZ_1, 1 },
		{ VFS_CAP_REVISION_2, XATTR_CAPS_SZ_2, 2 },
		{ VFS_CAP_REVISION_3, XATTR_CAPS_SZ_3, 2 },
	};
	uint32_t revision = size >= WORD ? word(value, 0) & VFS_CAP_REVISION_MASK : 0;
	size_t f = 0;
	cap_t caps;
	int r;

	while (f < ARRAY_LEN(forms) && (forms[f].revision != revision || forms[f].size != size))
		f++;
	if (f == ARRAY_LEN(forms))
		return -EINVAL;
	caps = cap_init();
	if (!caps)
		return -ENOMEM;
	r = set_flags(caps, value, forms[f].words);
	if (r == 0)
		r = put_text(b, caps);
	if (r == 0 && revision == VFS_CAP_REVISION_3)
		buf_printf(b, " [rootid=%u]", word(value, 5));
	(void)cap_free(caps);
	return r;
}
