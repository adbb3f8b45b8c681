/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "builder/tree/content.h"
#include "builder/tree/dump.h"
#include "builder/tree/tree.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "tests/unit/tap.h"

static struct node *add(struct tree *t, const char *dir, const char *name, enum inode_type type)
{
	struct inode *inode = tree_inode(t, type);
	struct node *parent = NULL;

	inode->mode = type == INODE_DIR ? 0755 : 0644;
	check_int(tree_resolve(t, dir, TREE_FOLLOW, &parent), 0);
	return tree_link(t, parent, name, strlen(name), inode);
}

static void add_symlink(struct tree *t, const char *dir, const char *name, const char *target)
{
	add(t, dir, name, INODE_SYMLINK)->inode->target = target;
}

static char *dump(struct tree *t, unsigned what)
{
	char *text = NULL;
	size_t size;
	struct err e;
	FILE *out = open_memstream(&text, &size);

	check_int(tree_dump(t, out, what, &e), 0);
	(void)fclose(out);
	return text;
}

static void names_are_found_and_forgotten(void)
{
	struct tree *t = tree_new();
	struct node *a = add(t, "/", "a", INODE_DIR), *found = NULL;

	add(t, "a", "b", INODE_FILE);
	check(tree_child(t, tree_root(t), "a", 1) == a);
	check(!tree_child(t, tree_root(t), "ab", 2));
	check(!tree_child(t, a, "a", 1));
	tree_unlink(t, a);
	check(!tree_child(t, tree_root(t), "a", 1));
	check_int(tree_resolve(t, "a/b", TREE_FOLLOW, &found), -ENOENT);
	check(!tree_root(t)->first_child);
	tree_free(t);
}

static void links_in_a_path_stay_inside_the_tree(void)
{
	struct tree *t = tree_new();
	struct node *file, *found = NULL;

	add(t, "/", "usr", INODE_DIR);
	add(t, "usr", "bin", INODE_DIR);
	file = add(t, "usr/bin", "sh", INODE_FILE);
	add_symlink(t, "/", "bin", "../../../usr/bin");
	add_symlink(t, "usr", "abs", "/bin/");
	add_symlink(t, "/", "shell", "bin/../abs/./sh");
	check_int(tree_resolve(t, "/bin/sh", TREE_NOFOLLOW, &found), 0);
	check(found == file);
	found = NULL;
	check_int(tree_resolve(t, "usr/abs//sh", TREE_NOFOLLOW, &found), 0);
	check(found == file);
	found = NULL;
	check_int(tree_resolve(t, "shell", TREE_FOLLOW, &found), 0);
	check(found == file);
	check_int(tree_resolve(t, "shell", TREE_NOFOLLOW, &found), 0);
	check(found->inode->type == INODE_SYMLINK);
	check_int(tree_resolve(t, "bin/sh/x", TREE_FOLLOW, &found), -ENOTDIR);
	tree_free(t);
}

static void a_loop_of_links_ends(void)
{
	struct tree *t = tree_new();
	struct node *found = NULL;

	add_symlink(t, "/", "a", "b/c");
	add_symlink(t, "/", "b", "a");
	check_int(tree_resolve(t, "a", TREE_FOLLOW, &found), -ELOOP);
	check_int(tree_resolve(t, "a/x", TREE_NOFOLLOW, &found), -ELOOP);
	check(!found);
	tree_free(t);
}

static void forty_links_in_a_row_are_followed(void)
{
	struct tree *t = tree_new();
	struct node *found = NULL;
	char name[16];

	for (int i = 0; i < 41; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		add_symlink(t, "/", name, arena_printf(tree_arena(t), "%d", i + 1));
	}
	add(t, "/", "41", INODE_FILE);
	check_int(tree_resolve(t, "1", TREE_FOLLOW, &found), 0);
	check_int(tree_resolve(t, "0", TREE_FOLLOW, &found), -ELOOP);
	tree_free(t);
}

static void a_dump_is_sorted_and_escaped(void)
{
	struct tree *t = tree_new();
	struct node *file = add(t, "/", "b", INODE_FILE), *found = NULL;
	const struct xattr x = { "user.a", "\x01z", 2 };
	char *text;

	file->inode->xattrs = &x;
	file->inode->xattr_count = 1;
	file->inode->content = content_of_bytes(tree_arena(t), "hi", 2);
	add(t, "/", "a\n", INODE_DIR);
	check_int(tree_resolve(t, "a\n", TREE_NOFOLLOW, &found), 0);
	tree_link(t, found, "z", 1, file->inode);
	add_symlink(t, "/", "l", "to here");
	text = dump(t, DUMP_MTIME | DUMP_CONTENT);
	check_text(text, "d 0755 0:0 - 0.000000000 .\n"
			 "d 0755 0:0 - 0.000000000 a\\x0a\n"
			 "f 0644 0:0 2 0.000000000 a\\x0a/z {user.a=017a} "
			 "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4\n"
			 "f 0644 0:0 2 0.000000000 b = a\\x0a/z\n"
			 "l 0644 0:0 - 0.000000000 l -> to\\x20here\n");
	free(text);
	tree_free(t);
}

static void a_path_is_put_together_again(void)
{
	struct tree *t = tree_new();

	add(t, "/", "a", INODE_DIR);
	add(t, "a", "bc", INODE_DIR);
	check_text(tree_path(t, add(t, "a/bc", "d", INODE_FILE)), "a/bc/d");
	check_text(tree_path(t, tree_root(t)), "");
	tree_free(t);
}

static int count_bytes(const void *bytes, uint64_t size, void *context, struct err *e)
{
	uint64_t *counts = context;

	(void)e;
	counts[bytes ? 0 : 1] += size;
	return 0;
}

static void holes_stay_holes(void)
{
	struct tree *t = tree_new();
	const struct extent extents[] = { { 4096, 3, 1 }, { 1 << 30, 2, 4 } };
	const struct content *c;
	struct err e;
	uint64_t counts[2] = { 0 };
	char some[8];
	auto_close int from = io_scratch(NULL, &e), to = io_scratch(NULL, &e);

	check_int(io_pwrite(from, "0abcde", 6, 0), 0);
	c = content_of_extents(tree_arena(t), from, 3ULL << 30, extents, 2);
	check_int(content_read(c, count_bytes, counts, &e), 0);
	check_int(counts[0], 5);
	check_int(counts[1], (3LL << 30) - 5);
	check_int(content_write(c, to, &e), 0);
	check_int(lseek(to, 0, SEEK_END), 3LL << 30);
	check_int(lseek(to, 8192, SEEK_DATA), 1 << 30);
	check_int(content_pread(c, some, 6, 4094, &e), 6);
	check(!memcmp(some, "\0\0abc\0", 6));
	check_int(content_pread(c, some, 8, (3ULL << 30) - 2, &e), 2);
	tree_free(t);
}

static void a_million_names_take_linear_time_and_little_memory(void)
{
	enum { DIRS = 1000, FILES = 1000 };
	struct tree *t = tree_new();
	char name[24];

	for (int d = 0; d < DIRS; d++) {
		struct node *dir;

		(void)snprintf(name, sizeof(name), "dir%d", d);
		dir = add(t, "/", name, INODE_DIR);
		for (int f = 0; f < FILES; f++) {
			int n = snprintf(name, sizeof(name), "file-%d", f);

			tree_link(t, dir, name, (size_t)n, tree_inode(t, INODE_FILE));
		}
	}
	tree_sort(t);
	check_text(tree_root(t)->first_child->first_child->name, "file-0");
	check(tree_arena(t)->allocated < 240u << 20);
	tree_clear(t, tree_root(t));
	check(!tree_root(t)->first_child);
	tree_free(t);
}

static void a_very_deep_tree_needs_no_deep_stack(void)
{
	enum { DEEP = 200000 };
	struct tree *t = tree_new();
	struct node *dir = tree_root(t);

	for (int i = 0; i < DEEP; i++)
		dir = tree_link(t, dir, "d", 1, tree_inode(t, INODE_DIR));
	check_int(strlen(tree_path(t, dir)), 2 * DEEP - 1);
	tree_sort(t);
	tree_clear(t, tree_root(t));
	tree_free(t);
}

int main(void)
{
	RUN(names_are_found_and_forgotten);
	RUN(links_in_a_path_stay_inside_the_tree);
	RUN(a_loop_of_links_ends);
	RUN(forty_links_in_a_row_are_followed);
	RUN(a_dump_is_sorted_and_escaped);
	RUN(a_path_is_put_together_again);
	RUN(holes_stay_holes);
	RUN(a_million_names_take_linear_time_and_little_memory);
	RUN(a_very_deep_tree_needs_no_deep_stack);
	return tap_done();
}
