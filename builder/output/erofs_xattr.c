/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "builder/output/erofs.h"

/*
 * Extended attributes, all of them behind their inode. ACLs have the form that the kernel has
 * for them everywhere, linux/posix_acl_xattr.h.
 */

/* erofs_fs.h, EROFS_XATTR_INDEX_USER and so on. */
static const struct {
	const char *text;
	uint8_t index;
	bool whole; /* it is the name, and nothing follows */
} prefixes[] = {
	{ "user.", 1, false },
	{ "system.posix_acl_access", 2, true },
	{ "system.posix_acl_default", 3, true },
	{ "trusted.", 4, false },
	{ "security.", 6, false },
};

/* What the format has of a name; NULL where it has no number for its beginning. */
static const char *split(const char *name, uint8_t *index)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		size_t length = strlen(prefixes[i].text);

		if (!strncmp(name, prefixes[i].text, length) &&
			(name[length] == '\0') == prefixes[i].whole) {
			*index = prefixes[i].index;
			return name + length;
		}
	}
	return NULL;
}

static uint64_t entry_size(const char *rest, uint32_t value)
{
	return (sizeof(struct erofs_xattr_entry) + strlen(rest) + value + 3) & ~(uint64_t)3;
}

static void leave_out(struct erofs *x, const struct xattr *attribute)
{
	if (!x->attributes++)
		x->attribute = attribute->name;
}

int erofs_xattrs_size(struct erofs *x, const struct inode *i, uint32_t *size, struct err *e)
{
	uint64_t sum = 0;
	uint8_t index;

	for (uint32_t k = 0; k < i->xattr_count; k++) {
		const char *rest = split(i->xattrs[k].name, &index);

		if (rest && i->xattrs[k].size > UINT16_MAX)
			return err_set(e, -E2BIG,
				"the attribute '%s' has more than the 65535 bytes that an "
				"EROFS holds",
				i->xattrs[k].name);
		if (rest)
			sum += entry_size(rest, i->xattrs[k].size);
		else
			leave_out(x, &i->xattrs[k]);
	}
	if (sum)
		sum += sizeof(struct erofs_xattr_header);
	if (sum > EROFS_XATTRS_MAX)
		return err_set(e, -E2BIG,
			"its attributes take %llu bytes, more than the %d that an EROFS holds",
			(unsigned long long)sum, EROFS_XATTRS_MAX);
	*size = (uint32_t)sum;
	return 0;
}

static int put_entry(struct erofs *x, const struct xattr *from, struct err *e)
{
	struct erofs_xattr_entry entry = { 0 };
	const char *rest = split(from->name, &entry.prefix);
	uint64_t end;
	int r;

	if (!rest)
		return 0;
	end = erofs_at(x) + entry_size(rest, from->size);
	entry.name_length = (uint8_t)strlen(rest);
	entry.value_size = htole16((uint16_t)from->size);
	r = erofs_put(x, &entry, sizeof(entry), e);
	if (r == 0)
		r = erofs_put(x, rest, strlen(rest), e);
	if (r == 0)
		r = erofs_put(x, from->value, from->size, e);
	return r == 0 ? erofs_reach(x, end, e) : r;
}

int erofs_put_xattrs(struct erofs *x, const struct inode *i, struct err *e)
{
	const struct erofs_xattr_header header = { 0 };
	int r = erofs_put(x, &header, sizeof(header), e);

	for (uint32_t k = 0; r == 0 && k < i->xattr_count; k++)
		r = put_entry(x, &i->xattrs[k], e);
	return r;
}
