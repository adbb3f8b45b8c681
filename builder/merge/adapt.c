/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/merge/adapt.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/boot.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/beneath.h"
#include "lib/buf.h"
#include "lib/io.h"

enum { SKELETON_FILE_MAX = 1024 * 1024 };

static struct inode *new_inode(const struct adapt *a, enum inode_type type, uint32_t mode)
{
	struct inode *inode = tree_inode(a->tree, type);

	inode->mode = mode;
	inode->mtime.tv_sec = a->epoch;
	inode->layer = ADAPT_LAYER;
	return inode;
}

static struct node *add(const struct adapt *a, struct node *dir, const char *name,
	size_t length, enum inode_type type, uint32_t mode)
{
	return tree_link(a->tree, dir, name, length, new_inode(a, type, mode));
}

/* Missing parents are made; what is something else stays and is an error. */
static int make_parent(struct node *dir, struct node *there, const char *name, size_t length,
	void *context, struct node **made)
{
	if (there)
		return -ENOTDIR;
	*made = add(context, dir, name, length, INODE_DIR, 0755);
	return 0;
}

static int reach(const struct adapt *a, const char *path, struct node **dir, struct err *e)
{
	struct adapt copy = *a;
	int r = tree_reach(a->tree, tree_root(a->tree), path, make_parent, &copy, dir);

	return r < 0 ? err_code(e, r, "cannot make '%s' in the rootfs", path) : 0;
}

/* Puts a file at dir/name, in the place of whatever the image has there but a directory. */
static int put_file(const struct adapt *a, const char *path, const char *name, uint32_t mode,
	const struct content *content, struct err *e)
{
	struct node *dir, *node;
	int r = reach(a, path, &dir, e);

	if (r < 0)
		return r;
	node = tree_child(a->tree, dir, name, strlen(name));
	if (node && node->inode->type == INODE_DIR)
		return err_set(e, -EISDIR, "the image has a directory at '%s/%s'", path, name);
	if (node)
		tree_unlink(a->tree, node);
	node = add(a, dir, name, strlen(name), INODE_FILE, mode);
	node->inode->content = content;
	return 0;
}

int adapt_init(const struct adapt *a, const void *program, size_t size, struct err *e)
{
	return put_file(a, "/sbin", strrchr(BOOT_INIT, '/') + 1, 0755,
		content_of_bytes(tree_arena(a->tree), program, size), e);
}

int adapt_record(const struct adapt *a, const void *record, size_t size, struct err *e)
{
	return put_file(a, "/etc/cinit", strrchr(BOOT_PATH, '/') + 1, 0644,
		content_of_bytes(tree_arena(a->tree), record, size), e);
}

int adapt_mount_points(const struct adapt *a, struct err *e)
{
	static const struct {
		const char *name;
		uint32_t mode;
	} points[] = {
		{ "proc", 0755 },
		{ "sys", 0755 },
		{ "dev", 0755 },
		{ "run", 0755 },
		{ "tmp", 01777 },
	};
	struct node *root = tree_root(a->tree);

	(void)e;
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		size_t length = strlen(points[i].name);

		if (!tree_child(a->tree, root, points[i].name, length))
			(void)add(a, root, points[i].name, length, INODE_DIR, points[i].mode);
	}
	return 0;
}

static int skeleton_link(
	const struct adapt *a, struct node *to, int dir, const char *name, struct err *e)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0)
		return err_sys(e, "cannot read the link '%s'", name);
	add(a, to, name, strlen(name), INODE_SYMLINK, 0777)->inode->target = arena_strndup(
		tree_arena(a->tree), target, (size_t)n);
	return 0;
}

static int skeleton_file(const struct adapt *a, struct node *to, int dir, const char *name,
	uint32_t mode, struct err *e)
{
	auto_buf struct buf bytes = { 0 };
	int r = io_load(dir, name, &bytes, SKELETON_FILE_MAX, e);

	if (r < 0)
		return r;
	add(a, to, name, strlen(name), INODE_FILE, mode & 0111 ? 0755 : 0644)->inode->content =
		content_of_bytes(tree_arena(a->tree), bytes.bytes, bytes.size);
	return 0;
}

static int skeleton_folder(const struct adapt *a, struct node *to, int dir, struct err *e);

/* A folder is merged with the one that the image has, through its links; no more than that. */
static int skeleton_subfolder(
	const struct adapt *a, struct node *to, int dir, const char *name, struct err *e)
{
	auto_close int fd = beneath_open_plain(dir, name, O_RDONLY | O_DIRECTORY, 0);
	struct node *node = NULL;
	const char *path;

	if (fd < 0)
		return err_code(e, fd, "cannot open '%s'", name);
	path = tree_path(a->tree, to);
	path = arena_printf(tree_arena(a->tree), "%s/%s", path, name);
	if (tree_resolve(a->tree, path, TREE_FOLLOW, &node) < 0) {
		if (tree_child(a->tree, to, name, strlen(name)))
			return 0; /* a link to nowhere is the image's business */
		node = add(a, to, name, strlen(name), INODE_DIR, 0755);
	}
	return node->inode->type == INODE_DIR ? skeleton_folder(a, node, fd, e) : 0;
}

static int skeleton_name(
	const struct adapt *a, struct node *to, int dir, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "cannot examine '%s'", name);
	if (S_ISDIR(st.st_mode))
		return skeleton_subfolder(a, to, dir, name, e);
	if (tree_child(a->tree, to, name, strlen(name)))
		return 0;
	if (S_ISLNK(st.st_mode))
		return skeleton_link(a, to, dir, name, e);
	return S_ISREG(st.st_mode) ? skeleton_file(a, to, dir, name, st.st_mode, e) : 0;
}

static int skip_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int skeleton_folder(const struct adapt *a, struct node *to, int dir, struct err *e)
{
	struct dirent **names;
	int count = scandirat(dir, ".", &names, skip_dots, alphasort), r = 0;

	if (count < 0)
		return err_sys(e, "cannot list a folder");
	for (int i = 0; i < count; i++) {
		if (r >= 0)
			r = skeleton_name(a, to, dir, names[i]->d_name, e);
		free(names[i]);
	}
	free(names);
	return r;
}

int adapt_skeleton(const struct adapt *a, int dir, struct err *e)
{
	int r = skeleton_folder(a, tree_root(a->tree), dir, e);

	return r < 0 ? err_at(e, r, "skeleton: ") : 0;
}
