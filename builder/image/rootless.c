/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/rootless.h"

#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "lib/auto.h"

enum { VALUE_MAX = 64 * 1024 };

void rootless_open(struct rootless *r, int dir, const struct stat *st, struct arena *a)
{
	*r = (struct rootless){
		.on = fgetxattr(dir, KEPT_STAT, NULL, 0) >= 0, .owner = st->st_uid, .arena = a
	};
}

int rootless_links(const struct rootless *r, int dir, struct kept_links *links, struct err *e)
{
	auto_free char *value = NULL;
	struct stat st;
	ssize_t size;

	links->others = kept_usual_link();
	if (!r->on || fstat(dir, &st) < 0 || st.st_uid != r->owner)
		return 0;
	value = xmalloc(VALUE_MAX);
	size = fgetxattr(dir, KEPT_LINKS, value, VALUE_MAX);
	if (size > 0 && kept_links_parse(value, (size_t)size, links) < 0)
		return err_set(
			e, -EINVAL, "has an attribute '%s' that makes no sense", KEPT_LINKS);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

/* The name that an attribute has in the image; NULL for one that is not the image's. */
static const char *own_name(const struct xattr *x, bool believed)
{
	const char *name = x->name + strlen(KEPT_XATTR);

	if (!kept_is_name(x->name))
		return x->name;
	if (!believed || strncmp(x->name, KEPT_XATTR, strlen(KEPT_XATTR)) != 0)
		return NULL;
	return !*name || !strncmp(name, "user.", 5) ? NULL : name;
}

static void take_xattrs(struct inode *inode, bool believed, struct arena *a)
{
	struct xattr *list = arena_alloc(a, inode->xattr_count * sizeof(*list));
	uint32_t count = 0;

	for (uint32_t n = 0; n < inode->xattr_count; n++) {
		const char *name = own_name(&inode->xattrs[n], believed);

		/* What is really there counts less than what was kept of it. */
		if (!name || (name == inode->xattrs[n].name && believed &&
				     strncmp(name, "user.", 5) != 0))
			continue;
		list[count] = inode->xattrs[n];
		list[count++].name = name;
	}
	qsort(list, count, sizeof(*list), by_name);
	inode->xattrs = list;
	inode->xattr_count = count;
}

static int take_stat(
	const struct xattr *x, const struct stat *st, struct entry *entry, struct err *e)
{
	struct kept k;

	if (kept_parse(x->value, x->size, &k) < 0)
		return err_set(
			e, -EINVAL, "has an attribute '%s' that makes no sense", KEPT_STAT);
	if (k.type != INODE_FILE && (!S_ISREG(st->st_mode) || st->st_size))
		return err_set(e, -EINVAL,
			"is kept as something else than a file, but is no empty file any more; "
			"remove its attribute '%s', or the file",
			KEPT_STAT);
	if (st->st_mode & 022)
		return err_hint(e,
			err_set(e, -EPERM, "others may write it, and so what is kept of it"),
			"type: chmod -R go-w");
	entry->uid = k.uid;
	entry->gid = k.gid;
	entry->inode->mode = k.mode;
	if (k.type == INODE_FILE)
		return 0;
	entry->inode->type = k.type;
	entry->inode->major = k.major;
	entry->inode->minor = k.minor;
	return 0;
}

static void take_link(const struct kept *k, struct entry *entry)
{
	entry->uid = k->uid;
	entry->gid = k->gid;
	entry->inode->mode = k->mode;
}

int rootless_take(struct rootless *r, const struct stat *st, const char *name,
	struct entry *entry, struct err *e)
{
	struct inode *inode = entry->inode;
	const struct xattr *stat = NULL;
	bool believed = r->on && st->st_uid == r->owner;
	uint64_t ours = 0;
	int done = 0;

	for (uint32_t n = 0; n < inode->xattr_count; n++) {
		ours += kept_is_name(inode->xattrs[n].name);
		if (!strcmp(inode->xattrs[n].name, KEPT_STAT))
			stat = &inode->xattrs[n];
	}
	if (believed) {
		entry->uid = 0;
		entry->gid = 0;
	}
	if (believed && inode->type == INODE_SYMLINK && r->links)
		take_link(kept_links_find(r->links, name), entry);
	if (believed && inode->type == INODE_SYMLINK)
		inode->xattr_count = 0;
	if (believed && stat)
		done = take_stat(stat, st, entry, e);
	if (ours)
		take_xattrs(inode, believed && stat, r->arena);
	r->taken += believed && stat;
	r->left_out += believed && stat ? 0 : ours;
	return done;
}
