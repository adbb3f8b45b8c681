/* SPDX-License-Identifier: Apache-2.0 */
/* Ways through a tree: by a path, and from node to node. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/tree/tree.h"
#include "lib/buf.h"

enum { LINKS_MAX = 40, PATH_LENGTH_MAX = 4096, NAME_LENGTH_MAX = 255 };

/*
 * What is still to be walked: the path, and on top of it the target of each link that is being
 * followed.
 */
struct route {
	const char *left[LINKS_MAX + 1];
	size_t depth;
	size_t links;
};

/* The next component, or NULL at the end of the route. */
static const char *next_name(struct route *r, size_t *length)
{
	for (;;) {
		const char *at = r->left[r->depth];

		at += strspn(at, "/");
		if (*at) {
			*length = strcspn(at, "/");
			r->left[r->depth] = at + *length;
			return at;
		}
		if (r->depth == 0)
			return NULL;
		r->depth--;
	}
}

static bool at_end(const struct route *r)
{
	for (size_t i = 0; i <= r->depth; i++)
		if (r->left[i][strspn(r->left[i], "/")])
			return false;
	return true;
}

static int follow(const struct tree *t, struct route *r, const char *target, struct node **at)
{
	if (++r->links > LINKS_MAX)
		return -ELOOP;
	/* A link at the end of another's target replaces it. */
	if (r->left[r->depth][strspn(r->left[r->depth], "/")] || r->depth == 0)
		r->depth++;
	r->left[r->depth] = target;
	if (*target == '/')
		*at = tree_root(t);
	return 0;
}

static bool is(const char *name, size_t length, const char *text)
{
	return length == strlen(text) && !memcmp(name, text, length);
}

struct way {
	enum tree_follow last;
	tree_missing *missing;
	void *context;
};

/* One component: moves *at, which is a directory unless it is the end. */
static int step(const struct tree *t, struct route *r, const struct way *way, const char *name,
	size_t length, struct node **at)
{
	struct node *child;
	bool end = at_end(r);

	if (is(name, length, "."))
		return 0;
	if (is(name, length, "..")) {
		*at = (*at)->parent;
		return 0;
	}
	if (length > NAME_LENGTH_MAX)
		return -ENAMETOOLONG;
	child = tree_child(t, *at, name, length);
	if (child && child->inode->type == INODE_SYMLINK && (!end || way->last == TREE_FOLLOW))
		return follow(t, r, child->inode->target, at);
	if (child && (child->inode->type == INODE_DIR || (end && !way->missing))) {
		*at = child;
		return 0;
	}
	if (way->missing)
		return way->missing(*at, child, name, length, way->context, at);
	return child ? -ENOTDIR : -ENOENT;
}

static int walk(const struct tree *t, struct node *from, const char *path,
	const struct way *way, struct node **found)
{
	struct route r = { .left = { path } };
	struct node *at = *path == '/' ? tree_root(t) : from;
	const char *name;
	size_t length;

	if (strlen(path) >= PATH_LENGTH_MAX)
		return -ENAMETOOLONG;
	while ((name = next_name(&r, &length))) {
		int e = step(t, &r, way, name, length, &at);

		if (e < 0)
			return e;
	}
	*found = at;
	return 0;
}

int tree_resolve(
	const struct tree *t, const char *path, enum tree_follow last, struct node **found)
{
	return walk(t, tree_root(t), path, &(struct way){ .last = last }, found);
}

int tree_reach(const struct tree *t, struct node *from, const char *path, tree_missing *missing,
	void *context, struct node **found)
{
	const struct way way = { TREE_FOLLOW, missing, context };

	return walk(t, from, path, &way, found);
}

static int by_name(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	size_t common = x->name_length < y->name_length ? x->name_length : y->name_length;
	int order = memcmp(x->name, y->name, common);

	return order ? order
		     : (x->name_length > y->name_length) - (x->name_length < y->name_length);
}

struct names {
	struct node **items;
	size_t capacity;
};

static void sort_children(struct node *dir, struct names *names)
{
	struct node *previous = NULL;
	size_t n = 0;

	for (struct node *c = dir->first_child; c; c = c->next_sibling) {
		names->items = xgrow(
			names->items, &names->capacity, n + 1, sizeof(*names->items));
		names->items[n++] = c;
	}
	if (n < 2)
		return;
	qsort(names->items, n, sizeof(*names->items), by_name);
	dir->first_child = names->items[0];
	for (size_t i = 0; i < n; i++) {
		names->items[i]->previous_sibling = previous;
		names->items[i]->next_sibling = i + 1 < n ? names->items[i + 1] : NULL;
		previous = names->items[i];
	}
}

void tree_sort(struct tree *t)
{
	struct names names = { 0 };

	for (struct node *n = tree_root(t); n; n = tree_next(tree_root(t), n))
		sort_children(n, &names);
	free(names.items);
}

struct node *tree_next(const struct node *top, const struct node *node)
{
	if (node->first_child)
		return node->first_child;
	for (; node != top; node = node->parent)
		if (node->next_sibling)
			return node->next_sibling;
	return NULL;
}

/* Makes `path` that of `next`, from that of `node`, which was before it in the walk. */
static void move_path(struct buf *path, const struct node *node, const struct node *next)
{
	const struct node *up = node;

	for (; up != next->parent; up = up->parent)
		path->size -= up->name_length + (up->parent->parent == up->parent ? 0 : 1);
	if (path->size)
		buf_putc(path, '/');
	buf_put(path, next->name, next->name_length);
}

int tree_walk(const struct tree *t, tree_visit *visit, void *context, struct err *e)
{
	const struct node *root = tree_root(t), *node = root, *next;
	auto_buf struct buf path = { 0 };

	for (; (next = tree_next(root, node)); node = next) {
		int r;

		move_path(&path, node, next);
		r = visit(next, path.bytes, context, e);
		if (r)
			return r;
	}
	return 0;
}

const char *tree_path(struct tree *t, const struct node *node)
{
	const struct node *root = tree_root(t);
	size_t length = 0;
	char *path;

	for (const struct node *n = node; n != root; n = n->parent)
		length += n->name_length + 1;
	path = arena_bytes(tree_arena(t), length + 1);
	path[length ? length - 1 : 0] = '\0';
	for (const struct node *n = node; n != root; n = n->parent) {
		length -= n->name_length + 1;
		memcpy(path + length, n->name, n->name_length);
		if (n != node)
			path[length + n->name_length] = '/';
	}
	return path;
}

const char *tree_path_in(const struct node *node, struct tree_path_room *room)
{
	char *at = room->bytes + sizeof(room->bytes) - 1;

	*at = '\0';
	if (node->parent == node)
		*--at = '/';
	for (const struct node *n = node; n->parent != n; n = n->parent) {
		size_t left = (size_t)(at - room->bytes);

		if (left < n->name_length + 1U)
			break;
		if (n != node)
			*--at = '/';
		at -= n->name_length;
		memcpy(at, n->name, n->name_length);
	}
	return at;
}

uint32_t node_links(const struct node *node)
{
	uint32_t links = 2;

	if (node->inode->type != INODE_DIR)
		return node->inode->links;
	for (const struct node *c = node->first_child; c; c = c->next_sibling)
		links += c->inode->type == INODE_DIR;
	return links;
}

unsigned inode_format(const struct inode *inode)
{
	static const unsigned formats[] = {
		[INODE_FILE] = S_IFREG,
		[INODE_DIR] = S_IFDIR,
		[INODE_SYMLINK] = S_IFLNK,
		[INODE_CHAR] = S_IFCHR,
		[INODE_BLOCK] = S_IFBLK,
		[INODE_FIFO] = S_IFIFO,
		[INODE_SOCKET] = S_IFSOCK,
	};

	return formats[inode->type];
}

const struct xattr *inode_xattr(const struct inode *inode, const char *name)
{
	for (uint32_t i = 0; i < inode->xattr_count; i++)
		if (!strcmp(inode->xattrs[i].name, name))
			return &inode->xattrs[i];
	return NULL;
}
