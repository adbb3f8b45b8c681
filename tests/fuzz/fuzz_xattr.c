/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes that mean something: the marks of an overlay's upper directory, which becomes a
 * layer, and the ids in ACLs and file capabilities, which are shifted and named. The input is a
 * list of files: a byte for its type, its name, its attribute's name, each NUL-ended, a byte
 * for the value's size, the value. A directory takes in what follows it, up to an empty name.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/adjust.h"
#include "builder/image/filecaps.h"
#include "builder/tree/dump.h"
#include "builder/verb/upper.h"
#include "lib/auto.h"
#include "lib/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct input {
	const uint8_t *at, *end;
};

static unsigned next_byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static const char *next_text(struct input *in, struct arena *a)
{
	size_t left = (size_t)(in->end - in->at), n = strnlen((const char *)in->at, left);
	const char *text = arena_strndup(a, (const char *)in->at, n);

	in->at += n < left ? n + 1 : n;
	return text;
}

static void next_xattr(struct input *in, struct arena *a, struct inode *inode)
{
	struct xattr *x = arena_alloc(a, sizeof(*x));
	size_t size;

	x->name = next_text(in, a);
	size = next_byte(in);
	size = size < (size_t)(in->end - in->at) ? size : (size_t)(in->end - in->at);
	x->value = arena_copy(a, in->at, size);
	x->size = (uint32_t)size;
	in->at += size;
	inode->xattrs = x;
	inode->xattr_count = *x->name ? 1 : 0;
}

static void make_tree(struct input *in, struct tree *t)
{
	struct node *dir = tree_root(t);

	while (in->at < in->end) {
		unsigned type = next_byte(in) % (INODE_SOCKET + 1);
		const char *name = next_text(in, tree_arena(t));
		struct inode *inode = tree_inode(t, type);

		next_xattr(in, tree_arena(t), inode);
		if (type == INODE_SYMLINK)
			inode->target = "x";
		if (!*name)
			dir = dir->parent;
		else if (!strchr(name, '/') && strlen(name) <= 255 && strcmp(name, ".") != 0 &&
			 strcmp(name, "..") != 0 && !tree_child(t, dir, name, strlen(name)))
			tree_link(t, dir, name, strlen(name), inode);
		else
			continue;
		if (*name && type == INODE_DIR)
			dir = tree_child(t, dir, name, strlen(name));
	}
}

static int name_capabilities(
	const struct node *n, const char *path, void *context, struct err *e)
{
	const struct xattr *x = inode_xattr(n->inode, "security.capability");
	auto_buf struct buf text = { 0 };

	(void)path;
	(void)context;
	(void)e;
	if (x && filecaps_put(&text, x->value, x->size) == 0 && !text.size)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct adjust adjust = {
		.uids = { .ranges = { { 0, 100000, 65536 } }, .count = 1 },
		.gids = { .ranges = { { 0, 1, 1 }, { 1, 200000, 1u << 31 } }, .count = 2 },
	};
	struct input in = { bytes, bytes + size };
	struct upper u = { .tree = tree_new() };
	auto_free char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	struct err e;

	if (!to)
		abort();
	make_tree(&in, u.tree);
	if (tree_walk(u.tree, name_capabilities, NULL, &e) >= 0 &&
		adjust_tree(&adjust, u.tree, &e) >= 0 && upper_convert(&u, &e) >= 0) {
		tree_sort(u.tree);
		if (tree_dump(u.tree, to, DUMP_CONTENT, &e) < 0)
			abort();
	}
	(void)fclose(to);
	tree_free(u.tree);
	return 0;
}
