/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/acl.h"

#include <archive_entry.h>
#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdlib.h>

#include "lib/auto.h"

/*
 * The attribute's value (linux/posix_acl_xattr.h), all in little endian:
 *
 *	u32 version = 2
 *	u16 tag, u16 permissions, u32 id	for each entry, by tag, then by id
 */
static int by_tag(const void *a, const void *b)
{
	const struct posix_acl_xattr_entry *x = a, *y = b;
	uint16_t s = le16toh(x->e_tag), t = le16toh(y->e_tag);
	uint32_t m = le32toh(x->e_id), n = le32toh(y->e_id);

	return s != t ? (s > t) - (s < t) : (m > n) - (m < n);
}

static int tag_of(int tag, uint16_t *to)
{
	static const struct {
		int tag;
		uint16_t number;
	} tags[] = {
		{ ARCHIVE_ENTRY_ACL_USER_OBJ, ACL_USER_OBJ },
		{ ARCHIVE_ENTRY_ACL_USER, ACL_USER },
		{ ARCHIVE_ENTRY_ACL_GROUP_OBJ, ACL_GROUP_OBJ },
		{ ARCHIVE_ENTRY_ACL_GROUP, ACL_GROUP },
		{ ARCHIVE_ENTRY_ACL_MASK, ACL_MASK },
		{ ARCHIVE_ENTRY_ACL_OTHER, ACL_OTHER },
	};

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		if (tags[i].tag == tag) {
			*to = tags[i].number;
			return 0;
		}
	}
	return -EINVAL;
}

static int take(struct archive_entry *from, int want, struct posix_acl_xattr_entry *to,
	uint32_t *count, struct err *e)
{
	int type, perm, tag, id;
	const char *name;

	while (archive_entry_acl_next(from, want, &type, &perm, &tag, &id, &name) == 0) {
		bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;
		uint16_t number;

		if (tag_of(tag, &number) < 0)
			return err_set(e, -EINVAL, "'%s' has an ACL of another kind than POSIX",
				archive_entry_pathname(from));
		if (named && id < 0)
			return err_hint(e,
				err_set(e, -EINVAL,
					"'%s' has an ACL for '%s', without a number",
					archive_entry_pathname(from), name ? name : ""),
				"bsdtar --acls writes numbers");
		to[(*count)++] = (struct posix_acl_xattr_entry){
			.e_tag = htole16(number),
			.e_perm = htole16((uint16_t)(perm & 7)),
			.e_id = htole32(named ? (uint32_t)id : (uint32_t)ACL_UNDEFINED_ID),
		};
	}
	return 0;
}

static void apply_mask(const struct posix_acl_xattr_entry *list, uint32_t n, uint32_t *mode)
{
	for (uint32_t i = 0; i < n; i++)
		if (le16toh(list[i].e_tag) == ACL_MASK)
			*mode = (*mode & ~070U) | (uint32_t)le16toh(list[i].e_perm) << 3;
}

int acl_xattrs(struct arena *a, struct archive_entry *from, struct xattr to[ACL_XATTRS_MAX],
	uint32_t *count, uint32_t *mode, struct err *e)
{
	static const struct {
		const char *name;
		int want;
	} kinds[ACL_XATTRS_MAX] = {
		{ "system.posix_acl_access", ARCHIVE_ENTRY_ACL_TYPE_ACCESS },
		{ "system.posix_acl_default", ARCHIVE_ENTRY_ACL_TYPE_DEFAULT },
	};

	*count = 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int entries = archive_entry_acl_reset(from, kinds[i].want);
		struct posix_acl_xattr_header *value;
		struct posix_acl_xattr_entry *list;
		uint32_t n = 0;
		int r;

		if (entries <= 0)
			continue;
		/* The three that the mode says come besides. */
		value = arena_alloc(a, sizeof(*value) + ((size_t)entries + 3) * sizeof(*list));
		value->a_version = htole32(POSIX_ACL_XATTR_VERSION);
		list = (struct posix_acl_xattr_entry *)(value + 1);
		r = take(from, kinds[i].want, list, &n, e);
		if (r < 0)
			return r;
		qsort(list, n, sizeof(*list), by_tag);
		if (kinds[i].want == ARCHIVE_ENTRY_ACL_TYPE_ACCESS)
			apply_mask(list, n, mode);
		to[(*count)++] = (struct xattr){ kinds[i].name, value,
			(uint32_t)(sizeof(*value) + n * sizeof(*list)) };
	}
	return 0;
}
