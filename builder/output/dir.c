/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "builder/output/meta.h"
#include "builder/output/output.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/mem.h"

/*
 * The tree as a directory. Two passes: the first makes every name, the second gives directories
 * their attributes, deepest first, when nothing in them changes any more (and hard links need
 * no way through them).
 *
 * Only fresh names are made, each relative to the descriptor of its directory, so the kernel
 * never walks a path of the image but in linkat(2), through directories that were just made.
 */

enum { OPEN_DIRS = 64 }; /* descriptors of ancestors that stay open */
enum { NOT_THERE = 1 };

struct writer {
	const struct output *o;
	struct meta meta;
	int *fds; /* by depth; -1: closed for a while */
	size_t depth, capacity;
	const char **first; /* by inode id: the path made first, where there are more */
};

typedef int visit(struct writer *w, const struct node *n, struct err *e);

static const char *path_of(const struct writer *w, const struct node *n)
{
	return n->parent == n ? "/" : tree_path(w->o->tree, n);
}

static int here(const struct writer *w)
{
	return w->fds[w->depth];
}

static int enter(struct writer *w, const struct node *n, struct err *e)
{
	int fd = openat(here(w), n->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path_of(w, n));
	w->fds = xgrow(w->fds, &w->capacity, w->depth + 2, sizeof(*w->fds));
	w->fds[++w->depth] = fd;
	if (w->depth > OPEN_DIRS)
		auto_close_fd(&w->fds[w->depth - OPEN_DIRS]);
	return 0;
}

/* Makes sure that the parent is open while we still may walk to it. */
static int open_parent(struct writer *w, const struct node *n, struct err *e)
{
	int *parent = &w->fds[w->depth - 1];

	if (*parent < 0)
		*parent = openat(here(w), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *parent < 0 ? err_sys(e, "cannot open the parent of '%s'", path_of(w, n)) : 0;
}

static void leave(struct writer *w)
{
	auto_close_fd(&w->fds[w->depth--]);
}

/* A file that the reader has put on this file system already only needs its name. */
static int name_file(struct writer *w, const struct node *n, struct err *e)
{
	const struct content *c = n->inode->content;

	if (!c || content_link(c, here(w), n->name) < 0)
		return NOT_THERE;
	return meta_apply(&w->meta, &(struct meta_target){ c->fd, here(w), n }, e);
}

static int copy_file(struct writer *w, const struct node *n, struct err *e)
{
	auto_close int fd = openat(
		here(w), n->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return err_sys(e, "cannot make '%s'", path_of(w, n));
	if (n->inode->content)
		r = content_write(n->inode->content, fd, e);
	if (r < 0)
		return err_at(e, r, "cannot write '%s': ", path_of(w, n));
	return meta_apply(&w->meta, &(struct meta_target){ fd, here(w), n }, e);
}

static int make_file(struct writer *w, const struct node *n, struct err *e)
{
	int r = name_file(w, n, e);

	return r == NOT_THERE ? copy_file(w, n, e) : r;
}

static int make_link(struct writer *w, const struct node *n, struct err *e)
{
	if (symlinkat(n->inode->target, here(w), n->name) < 0)
		return err_sys(e, "cannot make the symbolic link '%s'", path_of(w, n));
	return meta_apply(&w->meta, &(struct meta_target){ -1, here(w), n }, e);
}

static int make_node(struct writer *w, const struct node *n, struct err *e)
{
	const struct inode *i = n->inode;

	if (mknodat(here(w), n->name, inode_format(i) | 0600, makedev(i->major, i->minor)) <
		0) {
		int r = err_sys(e, "cannot make the special file '%s'", path_of(w, n));

		return r == -EPERM
			       ? err_hint(e, r,
					 "device nodes need root; as a user, write a tar or "
					 "an initramfs")
			       : r;
	}
	return meta_apply(&w->meta, &(struct meta_target){ -1, here(w), n }, e);
}

static int make_hard_link(struct writer *w, const struct node *n, const char *to, struct err *e)
{
	if (linkat(w->fds[0], to, here(w), n->name, 0) < 0)
		return err_sys(e, "cannot make '%s' a hard link to '%s'", path_of(w, n), to);
	return 0;
}

static int make(struct writer *w, const struct node *n, struct err *e)
{
	static visit *const makers[] = {
		[INODE_FILE] = make_file,
		[INODE_SYMLINK] = make_link,
		[INODE_CHAR] = make_node,
		[INODE_BLOCK] = make_node,
		[INODE_FIFO] = make_node,
		[INODE_SOCKET] = make_node,
	};
	const struct inode *i = n->inode;

	if (i->type == INODE_DIR) {
		if (mkdirat(here(w), n->name, 0700) < 0)
			return err_sys(e, "cannot make the directory '%s'", path_of(w, n));
		return n->first_child ? enter(w, n, e) : 0;
	}
	if (w->first[i->id])
		return make_hard_link(w, n, w->first[i->id], e);
	if (i->links > 1)
		w->first[i->id] = path_of(w, n);
	return makers[i->type](w, n, e);
}

static int made(struct writer *w, const struct node *n, struct err *e)
{
	int r = 0;

	if (n->parent == n || !n->first_child)
		return 0;
	r = open_parent(w, n, e);
	leave(w);
	return r;
}

static int revisit(struct writer *w, const struct node *n, struct err *e)
{
	return n->inode->type == INODE_DIR ? enter(w, n, e) : 0;
}

static int finish(struct writer *w, const struct node *n, struct err *e)
{
	int r = 0;

	if (n->parent != n)
		r = open_parent(w, n, e);
	if (r == 0)
		r = meta_apply(&w->meta, &(struct meta_target){ here(w), -1, n }, e);
	if (n->parent != n)
		leave(w);
	return r;
}

/* From *at, whose subtree is done, upwards to what comes next; NULL behind the last. */
static int climb(struct writer *w, const struct node **at, visit *up, struct err *e)
{
	for (const struct node *n = *at;; n = n->parent) {
		int r = n->inode->type == INODE_DIR ? up(w, n, e) : 0;

		*at = n->next_sibling;
		if (r < 0 || n->next_sibling)
			return r;
		if (n->parent == n)
			return 0;
	}
}

static int walk(struct writer *w, visit *down, visit *up, struct err *e)
{
	const struct node *n = tree_root(w->o->tree);
	int r = 0;

	while (r == 0 && n) {
		if (n->parent != n)
			r = down(w, n, e);
		if (r == 0 && n->inode->type == INODE_DIR && n->first_child)
			n = n->first_child;
		else if (r == 0)
			r = climb(w, &n, up, e);
	}
	return r;
}

int output_dir(const struct output *o, int fd, struct err *e)
{
	struct writer w = { .o = o };
	int r;

	w.fds = xgrow(w.fds, &w.capacity, 1, sizeof(*w.fds));
	w.fds[0] = fd;
	w.first = xcalloc(tree_inode_ids(o->tree), sizeof(*w.first));
	meta_init(&w.meta, o);
	meta_clear_acls(fd);
	r = walk(&w, make, made, e);
	while (w.depth > 0)
		leave(&w);
	if (r == 0)
		r = walk(&w, revisit, finish, e);
	while (w.depth > 0)
		leave(&w);
	if (r == 0)
		meta_report(&w.meta);
	free(w.first);
	free(w.fds);
	return r;
}
