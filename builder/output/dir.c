/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "builder/output/meta.h"
#include "builder/output/output.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/mem.h"
#include "lib/share.h"

/*
 * The tree as a directory, in three passes: the first makes every name, by several threads that
 * divide the directories among them; the second the hard links, whose file may be another
 * thread's; the third gives directories their attributes, deepest first, when nothing in them
 * changes any more (and hard links need no way through them).
 *
 * Only fresh names are made, each relative to the descriptor of its directory, so the kernel
 * never walks a path of the image but in linkat(2), through directories that were just made.
 */

enum { OPEN_DIRS = 32 };    /* descriptors of ancestors that stay open, for each thread */
enum { WORTH_GIVING = 32 }; /* names below a directory that is another thread's work */
enum { NOT_THERE = 1 };
enum { WALK_PAST = 1 }; /* what is below is not for this walk */

/* What the threads have in common. */
struct job {
	const struct output *o;
	int root;                            /* descriptor of the output */
	_Atomic(const struct node *) *first; /* by inode id: the name that makes the file */
	uint32_t *below;                     /* by node id: how many names are below it */
	struct writer *writers;              /* one a thread */
};

struct writer {
	struct job *job;
	struct share *share;
	struct meta meta;
	int *fds; /* by depth below the top of the walk; -1: closed for a while */
	size_t depth, capacity;
	const struct node **links; /* other names of files that have one */
	size_t link_count, link_capacity;
};

/* A directory that is there and empty, for whoever has nothing to do. */
struct piece {
	const struct node *dir;
	int fd;
};

typedef int visit(struct writer *w, const struct node *n, struct err *e);

#define path_of(n) tree_path_in(n, &(struct tree_path_room){ { 0 } })

static int here(const struct writer *w)
{
	return w->fds[w->depth];
}

static void set_top(struct writer *w, int fd)
{
	w->fds = xgrow(w->fds, &w->capacity, 1, sizeof(*w->fds));
	w->fds[0] = fd;
	w->depth = 0;
}

static int enter(struct writer *w, const struct node *n, struct err *e)
{
	int fd = openat(here(w), n->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path_of(n));
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
	return *parent < 0 ? err_sys(e, "cannot open the parent of '%s'", path_of(n)) : 0;
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
		return err_sys(e, "cannot make '%s'", path_of(n));
	if (n->inode->content)
		r = content_write(n->inode->content, fd, e);
	if (r < 0)
		return err_at(e, r, "cannot write '%s': ", path_of(n));
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
		return err_sys(e, "cannot make the symbolic link '%s'", path_of(n));
	return meta_apply(&w->meta, &(struct meta_target){ -1, here(w), n }, e);
}

static int make_node(struct writer *w, const struct node *n, struct err *e)
{
	const struct inode *i = n->inode;

	if (mknodat(here(w), n->name, inode_format(i) | 0600, makedev(i->major, i->minor)) <
		0) {
		int r = err_sys(e, "cannot make the special file '%s'", path_of(n));

		return r == -EPERM
			       ? err_hint(e, r,
					 "device nodes need root; as a user, write a tar or "
					 "an initramfs")
			       : r;
	}
	return meta_apply(&w->meta, &(struct meta_target){ -1, here(w), n }, e);
}

/* False where another name has made the file, or is about to. */
static bool is_first(struct writer *w, const struct node *n)
{
	const struct node *nobody = NULL;

	if (n->inode->links == 1 ||
		atomic_compare_exchange_strong(&w->job->first[n->inode->id], &nobody, n))
		return true;
	w->links = xgrow(w->links, &w->link_capacity, w->link_count + 1, sizeof(*w->links));
	w->links[w->link_count++] = n;
	return false;
}

/* Gives the directory that was just entered away, where somebody waits for as much. */
static bool give(struct writer *w, const struct node *n)
{
	struct piece *p;

	if (w->job->below[n->id] < WORTH_GIVING || !share_wanted(w->share) ||
		w->fds[w->depth - 1] < 0)
		return false;
	p = xmalloc(sizeof(*p));
	*p = (struct piece){ n, here(w) };
	if (share_give(w->share, p)) {
		w->depth--;
		return true;
	}
	free(p);
	return false;
}

static int make_dir(struct writer *w, const struct node *n, struct err *e)
{
	int r = 0;

	if (mkdirat(here(w), n->name, 0700) < 0)
		return err_sys(e, "cannot make the directory '%s'", path_of(n));
	if (!n->first_child)
		return WALK_PAST;
	r = enter(w, n, e);
	return r == 0 && give(w, n) ? WALK_PAST : r;
}

static int make(struct writer *w, const struct node *n, struct err *e)
{
	static visit *const makers[] = {
		[INODE_FILE] = make_file,
		[INODE_DIR] = make_dir,
		[INODE_SYMLINK] = make_link,
		[INODE_CHAR] = make_node,
		[INODE_BLOCK] = make_node,
		[INODE_FIFO] = make_node,
		[INODE_SOCKET] = make_node,
	};

	if (n->inode->type != INODE_DIR && !is_first(w, n))
		return 0;
	if (w->meta.rootless && n->inode->type > INODE_SYMLINK)
		return copy_file(w, n, e);
	return makers[n->inode->type](w, n, e);
}

static int made(struct writer *w, const struct node *n, struct err *e)
{
	int r = open_parent(w, n, e);

	leave(w);
	return r;
}

static int revisit(struct writer *w, const struct node *n, struct err *e)
{
	return n->inode->type == INODE_DIR ? enter(w, n, e) : 0;
}

static int finish(struct writer *w, const struct node *n, struct err *e)
{
	int r = open_parent(w, n, e);

	if (r == 0)
		r = meta_apply(&w->meta, &(struct meta_target){ here(w), -1, n }, e);
	leave(w);
	return r;
}

/* From n, whose subtree is done, upwards to what comes next; NULL behind the last. */
static int climb(struct writer *w, const struct node *top, const struct node **n, visit *up,
	struct err *e)
{
	while (!(*n)->next_sibling) {
		int r = 0;

		*n = (*n)->parent;
		if (*n != top)
			r = up(w, *n, e);
		else
			*n = NULL;
		if (r < 0 || !*n)
			return r;
	}
	*n = (*n)->next_sibling;
	return 0;
}

/* All below top: `down` for each name, `up` for directories when all below them was visited. */
static int walk(struct writer *w, const struct node *top, visit *down, visit *up, struct err *e)
{
	const struct node *n = top->first_child;
	int r = 0;

	while (r >= 0 && n && !(w->share && share_stopped(w->share))) {
		r = down(w, n, e);
		if (r < 0)
			break;
		if (r != WALK_PAST && n->first_child) {
			n = n->first_child;
			continue;
		}
		if (r != WALK_PAST && n->inode->type == INODE_DIR)
			r = up(w, n, e);
		if (r >= 0)
			r = climb(w, top, &n, up, e);
	}
	while (w->depth > 0)
		leave(w);
	return r < 0 ? r : 0;
}

/* --- The passes. --- */

static int make_below(
	struct share *s, void *piece, unsigned thread, void *context, struct err *e)
{
	struct writer *w = &((struct job *)context)->writers[thread];
	struct piece *p = piece;
	int r;

	w->share = s;
	set_top(w, p->fd);
	r = walk(w, p->dir, make, made, e);
	w->share = NULL;
	if (p->fd != w->job->root)
		auto_close_fd(&p->fd);
	free(p);
	return r;
}

static int make_all(struct job *job, unsigned threads, struct err *e)
{
	struct node *root = tree_root(job->o->tree);
	struct piece *all = xmalloc(sizeof(*all));

	for (const struct node *n = root; (n = tree_next(root, n));)
		for (const struct node *up = n->parent; up != root; up = up->parent)
			job->below[up->id]++;
	*all = (struct piece){ root, job->root };
	return share_run(make_below, all, threads, job, e);
}

static int make_hard_links(const struct job *job, const struct writer *w, struct err *e)
{
	for (size_t i = 0; i < w->link_count; i++) {
		const struct node *n = w->links[i];
		const char *to = path_of(atomic_load(&job->first[n->inode->id]));

		if (linkat(job->root, to, job->root, path_of(n), 0) < 0)
			return err_sys(
				e, "cannot make '%s' a hard link to '%s'", path_of(n), to);
	}
	return 0;
}

static int finish_all(struct job *job, struct err *e)
{
	const struct node *root = tree_root(job->o->tree);
	struct writer *w = &job->writers[0];
	int r;

	set_top(w, job->root);
	r = walk(w, root, revisit, finish, e);
	return r < 0 ? r
		     : meta_apply(&w->meta, &(struct meta_target){ job->root, -1, root }, e);
}

static int write_all(struct job *job, unsigned threads, struct err *e)
{
	int r = make_all(job, threads, e);

	for (unsigned i = 0; r == 0 && i < threads; i++)
		r = make_hard_links(job, &job->writers[i], e);
	if (r == 0)
		r = finish_all(job, e);
	for (unsigned i = 1; i < threads; i++)
		meta_add(&job->writers[0].meta, &job->writers[i].meta);
	if (r == 0)
		meta_report(&job->writers[0].meta, job->o);
	return r;
}

int output_dir(const struct output *o, int fd, struct err *e)
{
	unsigned threads = share_threads();
	struct job job = { .o = o, .root = fd };
	int r;

	job.first = xcalloc(tree_inode_ids(o->tree), sizeof(*job.first));
	job.below = xcalloc(tree_node_ids(o->tree), sizeof(*job.below));
	job.writers = xcalloc(threads, sizeof(*job.writers));
	for (unsigned i = 0; i < threads; i++) {
		job.writers[i].job = &job;
		job.writers[i].meta.rootless = o->rootless;
	}
	meta_clear_acls(fd);
	r = write_all(&job, threads, e);
	for (unsigned i = 0; i < threads; i++) {
		free(job.writers[i].fds);
		free(job.writers[i].links);
	}
	free(job.writers);
	free(job.below);
	free(job.first);
	return r;
}
