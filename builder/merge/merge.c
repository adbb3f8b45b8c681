/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/merge/merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "builder/merge/refuse.h"
#include "builder/tree/content.h"
#include "lib/auto.h"

/* What the layer that is being applied has done to a node. */
enum {
	UNTOUCHED = 0,
	ABOVE = 1, /* it has something below it */
	MADE = 2,  /* it has an entry for it, or needed it as a missing parent */
	SWEPT = 4, /* what lower layers had below it is gone */
};

struct mark {
	uint32_t layer; /* that set the flags, from 1 */
	uint32_t flags;
};

struct merge {
	struct tree *tree;
	struct merge_options options;
	struct mark *marks; /* by node id */
	size_t mark_room;
	uint32_t layer; /* from 1 */
	uint64_t size;  /* of all files of all layers */
	struct merge_counts counts;
	struct clean_path path; /* of the entry at hand */
};

struct merge *merge_new(struct tree *t, const struct merge_options *options)
{
	struct merge *m = xcalloc(1, sizeof(*m));

	m->tree = t;
	m->options = *options;
	tree_root(t)->inode->mtime.tv_sec = options->epoch;
	return m;
}

void merge_free(struct merge *m)
{
	if (!m)
		return;
	free(m->marks);
	free(m);
}

static uint32_t *flags_of(struct merge *m, const struct node *node)
{
	struct mark *mark;
	size_t old = m->mark_room;

	m->marks = xgrow(m->marks, &m->mark_room, (size_t)node->id + 1, sizeof(*m->marks));
	if (m->mark_room > old)
		memset(m->marks + old, 0, (m->mark_room - old) * sizeof(*m->marks));
	mark = &m->marks[node->id];
	if (mark->layer != m->layer)
		*mark = (struct mark){ .layer = m->layer };
	return &mark->flags;
}

static bool is_touched(struct merge *m, const struct node *node)
{
	return (*flags_of(m, node) & (ABOVE | MADE)) != 0;
}

/* Marks a node as this layer's, and those above it as having something of it. */
static void touch(struct merge *m, struct node *node)
{
	*flags_of(m, node) |= MADE;
	while (node != tree_root(m->tree)) {
		node = node->parent;
		if (*flags_of(m, node) & ABOVE)
			return;
		*flags_of(m, node) |= ABOVE;
	}
}

static void make_plain(struct inode *inode, time_t epoch, uint32_t layer)
{
	const struct inode plain = {
		.id = inode->id,
		.links = inode->links,
		.type = INODE_DIR,
		.mode = 0755,
		.mtime.tv_sec = epoch,
		.layer = layer,
	};

	*inode = plain;
}

static void count_removed(struct merge *m, const struct node *top)
{
	for (const struct node *n = top; n; n = tree_next(top, n)) {
		const struct inode *i = n->inode;

		m->counts.removed++;
		if (i->type == INODE_FILE && i->links == 1 && i->content)
			m->counts.shadowed += i->content->size;
	}
}

static void remove_name(struct merge *m, struct node *node)
{
	count_removed(m, node);
	tree_unlink(m->tree, node);
}

/* A directory of lower layers is gone, but this one needs it without saying anything of it. */
static void make_anew(struct merge *m, struct node *node)
{
	uint32_t *flags = flags_of(m, node);

	if (!(*flags & MADE) && node->inode->type == INODE_DIR)
		make_plain(node->inode, m->options.epoch, m->layer - 1);
	*flags |= MADE;
}

/*
 * Removes from below `top` all that this layer has not touched. Every directory is swept once a
 * layer, since whatever comes into it later is of this layer.
 */
static void sweep(struct merge *m, struct node *top)
{
	struct node *n = top, *next;

	for (;; n = next) {
		uint32_t *flags = flags_of(m, n);

		if (n != top)
			make_anew(m, n);
		next = *flags & SWEPT ? NULL : n->first_child;
		*flags |= SWEPT;
		while (!next && n != top) {
			next = n->next_sibling;
			n = n->parent;
		}
		while (next && !is_touched(m, next)) {
			struct node *gone = next, *parent = gone->parent;

			next = gone->next_sibling;
			remove_name(m, gone);
			while (!next && parent != top) {
				next = parent->next_sibling;
				parent = parent->parent;
			}
		}
		if (!next)
			return;
	}
}

/* The directory that a marker stands in, or NULL where there is none: then it hides nothing. */
static struct node *marked_dir(struct merge *m)
{
	struct node *dir = NULL;
	char *name = &m->path.text[m->path.length - strlen(m->path.name)];
	char first = *name;
	int r;

	*name = '\0';
	r = tree_resolve(m->tree, m->path.text, TREE_FOLLOW, &dir);
	*name = first;
	return r < 0 || dir->inode->type != INODE_DIR ? NULL : dir;
}

static void apply_opaque(struct merge *m)
{
	struct node *dir = marked_dir(m);

	if (dir)
		sweep(m, dir);
}

static void apply_whiteout(struct merge *m)
{
	const char *name = m->path.name + strlen(".wh.");
	struct node *dir = marked_dir(m);
	struct node *node = dir ? tree_child(m->tree, dir, name, strlen(name)) : NULL;

	if (!node)
		return;
	if (!is_touched(m, node)) {
		remove_name(m, node);
	} else if (node->inode->type == INODE_DIR) {
		sweep(m, node);
		make_anew(m, node);
	}
}

/* A parent that is missing, or is something else in a lower layer. */
static int make_parent(struct node *dir, struct node *there, const char *name, size_t length,
	void *context, struct node **made)
{
	struct merge *m = context;
	struct inode *inode;

	if (length > NAME_LENGTH_MAX)
		return -ENAMETOOLONG;
	if (there) {
		if (*flags_of(m, there) & MADE)
			return -ENOTDIR;
		remove_name(m, there);
	}
	inode = tree_inode(m->tree, INODE_DIR);
	make_plain(inode, m->options.epoch, m->layer - 1);
	*made = tree_link(m->tree, dir, name, length, inode);
	touch(m, *made);
	m->counts.added++;
	return 0;
}

static int reach_parent(struct merge *m, struct node **dir, struct err *e)
{
	char *name = &m->path.text[m->path.length - strlen(m->path.name)];
	char first = *name;
	int r;

	*name = '\0';
	r = tree_reach(m->tree, tree_root(m->tree), m->path.text, make_parent, m, dir);
	*name = first;
	return r < 0 ? err_code(e, r, "'%s': its directory cannot be reached", m->path.text)
		     : 0;
}

/* Links may have led deeper than the path is long. */
static int check_length(
	const struct merge *m, const struct node *dir, size_t length, struct err *e)
{
	for (; dir != tree_root(m->tree); dir = dir->parent)
		length += dir->name_length + 1;
	return length > PATH_LENGTH_MAX
		       ? err_set(e, -EINVAL, "'%.64s…': lands deeper than 4095 bytes",
				 m->path.text)
		       : 0;
}

/* Attributes by which overlayfs would act on a rootfs that it gets as a layer. */
static void drop_overlay_xattrs(struct arena *a, struct inode *inode)
{
	struct xattr *kept;
	uint32_t n = 0;

	if (!inode->xattr_count)
		return;
	kept = arena_alloc(a, inode->xattr_count * sizeof(*kept));
	for (uint32_t i = 0; i < inode->xattr_count; i++)
		if (strncmp(inode->xattrs[i].name, "trusted.overlay.", 16) != 0 &&
			strncmp(inode->xattrs[i].name, "user.overlay.", 13) != 0)
			kept[n++] = inode->xattrs[i];
	inode->xattrs = kept;
	inode->xattr_count = n;
}

/* The inode that the entry's name will stand for. */
static int entry_inode(
	struct merge *m, const struct entry *entry, struct inode **out, struct err *e)
{
	struct inode *inode = entry->inode;
	struct node *target = NULL;

	if (!entry->link) {
		inode->uid = (uint32_t)entry->uid;
		inode->gid = (uint32_t)entry->gid;
		inode->layer = m->layer - 1;
		drop_overlay_xattrs(tree_arena(m->tree), inode);
		tree_adopt(m->tree, inode);
		*out = inode;
		return 0;
	}
	if (tree_resolve(m->tree, entry->link, TREE_NOFOLLOW, &target) < 0)
		return err_set(e, -ENOENT, "'%s': is a hard link to '%s', which is not there",
			entry->path, entry->link);
	if (target->inode->type == INODE_DIR)
		return err_set(e, -EINVAL, "'%s': is a hard link to the directory '%s'",
			entry->path, entry->link);
	*out = target->inode;
	return 0;
}

/* Directory over directory: all attributes of the old one go, the names in it stay. */
static void replace_attributes(struct inode *old, const struct inode *new)
{
	const uint32_t id = old->id, links = old->links;

	*old = *new;
	old->id = id;
	old->links = links;
}

static int put(struct merge *m, struct inode *inode, struct err *e)
{
	struct node *dir = NULL, *there;
	size_t length = strlen(m->path.name);
	int r = reach_parent(m, &dir, e);

	if (r >= 0)
		r = check_length(m, dir, length, e);
	if (r < 0)
		return r;
	there = tree_child(m->tree, dir, m->path.name, length);
	if (there && there->inode->type == INODE_DIR && inode->type == INODE_DIR) {
		replace_attributes(there->inode, inode);
		m->counts.changed++;
	} else if (there && there->inode == inode) {
		m->counts.changed++; /* a hard link to itself */
	} else {
		uint64_t removed = m->counts.removed;

		if (there)
			remove_name(m, there);
		m->counts.removed = there ? m->counts.removed - 1 : removed;
		*(there ? &m->counts.changed : &m->counts.added) += 1;
		there = tree_link(m->tree, dir, m->path.name, length, inode);
	}
	touch(m, there);
	return 0;
}

static int put_root(struct merge *m, const struct inode *inode)
{
	replace_attributes(tree_root(m->tree)->inode, inode);
	*flags_of(m, tree_root(m->tree)) |= MADE;
	m->counts.changed++;
	return 0;
}

/* AUFS keeps its own books in .wh..wh.plnk and the like: no part of the image. */
static bool is_of_aufs(const struct clean_path *path)
{
	const char *found = strstr(path->text, ".wh..wh.");

	return found && (found == path->text || found[-1] == '/') &&
	       strcmp(path->name, ".wh..wh..opq") != 0;
}

static int count_size(struct merge *m, const struct entry *entry, struct err *e)
{
	uint64_t size = entry->inode && entry->inode->content ? entry->inode->content->size : 0;
	uint64_t limit = m->options.limits.size;

	m->counts.bytes += size;
	m->size += size;
	if (limit && (size > limit || m->size > limit))
		return err_hint(e,
			err_set(e, -EFBIG,
				"'%s': all files come to more than %" PRIu64 " bytes",
				entry->path, limit),
			"--max-size allows more");
	return 0;
}

static int apply(struct merge *m, const struct entry *entry, struct err *e)
{
	struct inode *inode = NULL;
	int r = refuse(entry, &m->path, e);

	if (r < 0 || is_of_aufs(&m->path))
		return r;
	if (!strcmp(m->path.name, ".wh..wh..opq")) {
		apply_opaque(m);
		return 0;
	}
	if (!strncmp(m->path.name, ".wh.", 4)) {
		apply_whiteout(m);
		return 0;
	}
	r = count_size(m, entry, e);
	if (r >= 0)
		r = entry_inode(m, entry, &inode, e);
	if (r < 0)
		return r;
	return m->path.length ? put(m, inode, e) : put_root(m, inode);
}

int merge_layer(
	struct merge *m, struct entry_list *layer, struct merge_counts *counts, struct err *e)
{
	int r = 0;

	m->layer++;
	m->counts = (struct merge_counts){ 0 };
	tree_keep(m->tree, &layer->arena);
	for (size_t i = 0; r >= 0 && i < layer->count; i++)
		r = apply(m, &layer->items[i], e);
	entry_list_release(layer);
	if (r >= 0 && counts)
		*counts = m->counts;
	return r;
}
