/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/merge/refuse.h"

#include <stdint.h>
#include <string.h>

int path_clean(const char *path, struct clean_path *to)
{
	to->length = 0;
	to->text[0] = '\0';
	to->name = to->text;
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !memcmp(path, "..", 2)) {
			const char *slash = memrchr(to->text, '/', to->length);

			if (!to->length)
				return -EINVAL;
			to->length = slash ? (size_t)(slash - to->text) : 0;
		} else if (n && !(n == 1 && *path == '.')) {
			if (n > NAME_LENGTH_MAX || to->length + n + 1 > PATH_LENGTH_MAX)
				return -ENAMETOOLONG;
			if (to->length)
				to->text[to->length++] = '/';
			memcpy(to->text + to->length, path, n);
			to->length += n;
		}
		path += n + strspn(path + n, "/");
	}
	to->text[to->length] = '\0';
	to->name = memrchr(to->text, '/', to->length);
	to->name = to->name ? to->name + 1 : to->text;
	return 0;
}

static bool no_name(const struct entry *entry, const struct clean_path *path)
{
	(void)path;
	return !*entry->path;
}

static bool root_is_no_directory(const struct entry *entry, const struct clean_path *path)
{
	return !path->length && (entry->link || entry->inode->type != INODE_DIR);
}

static bool id_is_too_large(const struct entry *entry, const struct clean_path *path)
{
	(void)path;
	/* 2^32 would come out as 0, and 2^32-1 means "leave it" to chown. */
	return entry->inode && (entry->uid < 0 || entry->uid >= UINT32_MAX || entry->gid < 0 ||
				       entry->gid >= UINT32_MAX);
}

static bool whiteout_of_nothing(const struct entry *entry, const struct clean_path *path)
{
	const char *name = path->name + strlen(".wh.");

	(void)entry;
	if (strncmp(path->name, ".wh.", 4) != 0)
		return false;
	return !*name || !strcmp(name, ".") || !strcmp(name, "..");
}

static bool below_a_whiteout(const struct entry *entry, const struct clean_path *path)
{
	const char *at = path->text;

	(void)entry;
	for (; at < path->name; at += strcspn(at, "/") + 1)
		if (!strncmp(at, ".wh.", 4) && strncmp(at, ".wh..wh.", 8) != 0)
			return true;
	return false;
}

static bool link_to_nothing(const struct entry *entry, const struct clean_path *path)
{
	(void)path;
	return entry->link && !*entry->link;
}

static bool link_leads_out(const struct entry *entry, const struct clean_path *path)
{
	struct clean_path target;

	(void)path;
	return entry->link && path_clean(entry->link, &target) < 0;
}

static bool target_is_too_long(const struct entry *entry, const struct clean_path *path)
{
	(void)path;
	return entry->inode && entry->inode->target &&
	       strlen(entry->inode->target) > PATH_LENGTH_MAX;
}

static bool xattr_is_too_large(const struct entry *entry, const struct clean_path *path)
{
	(void)path;
	for (uint32_t i = 0; entry->inode && i < entry->inode->xattr_count; i++) {
		const struct xattr *x = &entry->inode->xattrs[i];

		if (strlen(x->name) > NAME_LENGTH_MAX || !*x->name ||
			x->size > XATTR_LENGTH_MAX)
			return true;
	}
	return false;
}

static bool time_is_no_time(const struct entry *entry, const struct clean_path *path)
{
	/* Years by the thousand million: the ends of the type are what numbers overflow to. */
	const int64_t end = (int64_t)1 << 55;
	const struct timespec *t = entry->inode ? &entry->inode->mtime : NULL;

	(void)path;
	return t && (t->tv_nsec < 0 || t->tv_nsec >= 1000000000 || t->tv_sec > end ||
			    t->tv_sec < -end);
}

static const struct {
	bool (*applies)(const struct entry *entry, const struct clean_path *path);
	const char *reason;
} refusals[] = {
	{ no_name, "has no name" },
	{ root_is_no_directory, "would replace the root directory" },
	{ id_is_too_large, "has an owner or group that does not fit 32 bits" },
	{ whiteout_of_nothing, "is a whiteout of no name" },
	{ below_a_whiteout, "lies below a whiteout" },
	{ link_to_nothing, "is a hard link to no name" },
	{ link_leads_out, "is a hard link to what leads out of the root" },
	{ target_is_too_long, "is a link to a path longer than 4095 bytes" },
	{ xattr_is_too_large, "has an extended attribute that Linux cannot hold" },
	{ time_is_no_time, "has a time that is none" },
};

int refuse(const struct entry *entry, struct clean_path *path, struct err *e)
{
	int r = path_clean(entry->path, path);

	if (r == -ENAMETOOLONG)
		return err_set(e, -EINVAL,
			"'%.64s…': has a name over 255 or a path over 4095 bytes", entry->path);
	if (r < 0)
		return err_set(e, -EINVAL, "'%s': leads out of the root", entry->path);
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (refusals[i].applies(entry, path))
			return err_set(e, -EINVAL, "'%s': %s", entry->path, refusals[i].reason);
	return 0;
}
