/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/adjust.h"

#include <endian.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct adjusting {
	const struct adjust *a;
	struct tree *tree;
	bool *done; /* by inode id */
};

/* --- names -----------------------------------------------------------------------------------
 */

static bool is_excluded(const struct adjust *a, const struct node *n, const char *path)
{
	for (size_t i = 0; i < a->exclude_count; i++) {
		const char *pattern = a->exclude[i];

		if (!strchr(pattern, '/')) {
			if (fnmatch(pattern, n->name, 0) == 0)
				return true;
			continue;
		}
		if (fnmatch(pattern + (pattern[0] == '/'), path, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

static void exclude(struct adjusting *s, struct node *dir)
{
	for (struct node *n = dir->first_child, *next; n; n = next) {
		next = n->next_sibling;
		if (is_excluded(s->a, n, tree_path(s->tree, n)))
			tree_unlink(s->tree, n);
	}
}

/* Directories whose names stay, each after its parent: no recursion, whatever the depth. */
static void exclude_all(struct adjusting *s)
{
	struct node *root = tree_root(s->tree), *n = root;

	for (;;) {
		if (n->inode->type == INODE_DIR) {
			exclude(s, n);
			if (n->first_child) {
				n = n->first_child;
				continue;
			}
		}
		while (n != root && !n->next_sibling)
			n = n->parent;
		if (n == root)
			return;
		n = n->next_sibling;
	}
}

/* --- owners ----------------------------------------------------------------------------------
 */

static bool map_id(const struct id_map *map, uint32_t *id)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct id_range *r = &map->ranges[i];

		if (*id >= r->inside && *id - r->inside < r->count) {
			*id = r->outside + (*id - r->inside);
			return true;
		}
	}
	return map->count == 0;
}

static int map_owner(const struct adjusting *s, const struct node *n, struct err *e)
{
	struct inode *i = n->inode;

	if (s->a->own) {
		i->uid = s->a->uid;
		i->gid = s->a->gid;
		return 0;
	}
	if (!map_id(&s->a->uids, &i->uid))
		return err_set(e, -ERANGE,
			"'%s' belongs to user %u, which --uid-map leaves out",
			tree_path(s->tree, n), i->uid);
	if (!map_id(&s->a->gids, &i->gid))
		return err_set(e, -ERANGE,
			"'%s' belongs to group %u, which --gid-map leaves out",
			tree_path(s->tree, n), i->gid);
	return 0;
}

/* linux/posix_acl_xattr.h: a version, then entries of tag, permissions and id, little-endian.
 */
static int map_acl(const struct adjusting *s, struct xattr *x)
{
	enum { HEAD = 4, ENTRY = 8, ACL_USER = 0x02, ACL_GROUP = 0x08 };
	unsigned char *bytes = arena_copy(tree_arena(s->tree), x->value, x->size);

	for (size_t at = HEAD; at + ENTRY <= x->size; at += ENTRY) {
		unsigned tag = bytes[at] | (unsigned)bytes[at + 1] << 8;
		uint32_t id;

		memcpy(&id, bytes + at + 4, sizeof(id));
		id = le32toh(id);
		if (tag != ACL_USER && tag != ACL_GROUP)
			continue;
		if (!map_id(tag == ACL_USER ? &s->a->uids : &s->a->gids, &id))
			return -ERANGE;
		id = htole32(id);
		memcpy(bytes + at + 4, &id, sizeof(id));
	}
	x->value = bytes;
	return 0;
}

/*
 * linux/capability.h, struct vfs_ns_cap_data: revision 3 is revision 2 and the user that is
 * root in the namespace where the capabilities count.
 */
static int map_caps(const struct adjusting *s, struct xattr *x)
{
	enum { SIZE_2 = 20, SIZE_3 = 24, REVISION_3 = 3 };
	unsigned char *bytes = arena_alloc(tree_arena(s->tree), SIZE_3);
	uint32_t root = 0;

	if (x->size != SIZE_2 && x->size != SIZE_3)
		return 0;
	memcpy(bytes, x->value, x->size);
	if (x->size == SIZE_3)
		memcpy(&root, bytes + SIZE_2, sizeof(root));
	root = le32toh(root);
	if (!map_id(&s->a->uids, &root))
		return -ERANGE;
	if (root == 0 && x->size == SIZE_2)
		return 0;
	root = htole32(root);
	memcpy(bytes + SIZE_2, &root, sizeof(root));
	bytes[3] = REVISION_3;
	x->value = bytes;
	x->size = SIZE_3;
	return 0;
}

static int map_xattrs(const struct adjusting *s, const struct node *n, struct err *e)
{
	struct inode *i = n->inode;
	size_t size = i->xattr_count * sizeof(struct xattr);
	struct xattr *xattrs;

	if (s->a->own || !i->xattr_count || !(s->a->uids.count + s->a->gids.count))
		return 0;
	xattrs = arena_alloc(tree_arena(s->tree), size);
	memcpy(xattrs, i->xattrs, size);
	for (uint32_t x = 0; x < i->xattr_count; x++) {
		int r = 0;

		if (!strncmp(xattrs[x].name, "system.posix_acl_", 17))
			r = map_acl(s, &xattrs[x]);
		else if (!strcmp(xattrs[x].name, "security.capability"))
			r = map_caps(s, &xattrs[x]);
		if (r < 0)
			return err_set(e, r,
				"the attribute '%s' of '%s' has an id that the "
				"maps leave out",
				xattrs[x].name, tree_path(s->tree, n));
	}
	i->xattrs = xattrs;
	return 0;
}

/* --- times -----------------------------------------------------------------------------------
 */

void adjust_time(const struct adjust *a, struct inode *i)
{
	bool later = i->mtime.tv_sec > a->time.tv_sec ||
		     (i->mtime.tv_sec == a->time.tv_sec && i->mtime.tv_nsec > a->time.tv_nsec);

	if (a->times == ADJUST_TIMES_SET || (a->times == ADJUST_TIMES_CLAMP && later))
		i->mtime = a->time;
}

/* --- all -------------------------------------------------------------------------------------
 */

static int change(const struct node *n, const char *path, void *context, struct err *e)
{
	struct adjusting *s = context;
	int r;

	(void)path;
	if (s->done[n->inode->id])
		return 0;
	s->done[n->inode->id] = true;
	adjust_time(s->a, n->inode);
	r = map_owner(s, n, e);
	return r == 0 ? map_xattrs(s, n, e) : r;
}

const char *adjust_option(const struct adjust *a)
{
	return a->exclude_count               ? "--exclude"
	       : a->own                       ? "--owner"
	       : a->uids.count                ? "--uid-map"
	       : a->gids.count                ? "--gid-map"
	       : a->times == ADJUST_TIMES_SET ? "--mtime"
					      : NULL;
}

int adjust_tree(const struct adjust *a, struct tree *t, struct err *e)
{
	struct adjusting s = { .a = a, .tree = t };
	int r;

	if (a->exclude_count)
		exclude_all(&s);
	s.done = xcalloc(tree_inode_ids(t), sizeof(*s.done));
	r = change(tree_root(t), "", &s, e);
	if (r == 0)
		r = tree_walk(t, change, &s, e);
	free(s.done);
	return r;
}
