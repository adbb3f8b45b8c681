/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that is a root file system already, as one layer. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/image/internal.h"
#include "builder/image/rootless.h"
#include "lib/auto.h"
#include "lib/beneath.h"
#include "lib/io.h"

enum { LIST_MAX = 64 * 1024, VALUE_MAX = 64 * 1024 };

/* The first path of a file that has several. */
struct seen {
	dev_t device;
	ino_t number;
	const char *path;
};

struct walker {
	struct image *image;
	struct entry_list *out;
	struct extent *extents; /* of a file */
	size_t extent_count, extent_room;
	struct seen *seen; /* open addressing; NULL path: free */
	size_t seen_count, seen_room;
	dev_t device; /* of the folder: other file systems are not entered */
	struct rootless rootless;
	uid_t user; /* who we are */
};

static struct seen *seen_slot(struct seen *table, size_t room, dev_t device, ino_t number)
{
	size_t at = (size_t)(number * 0x9e3779b97f4a7c15u ^ device) & (room - 1);

	while (table[at].path && (table[at].device != device || table[at].number != number))
		at = (at + 1) & (room - 1);
	return &table[at];
}

static void grow_seen(struct walker *w)
{
	size_t room = w->seen_room ? w->seen_room * 2 : 256;
	struct seen *table = xcalloc(room, sizeof(*table));

	for (size_t i = 0; i < w->seen_room; i++) {
		const struct seen *s = &w->seen[i];

		if (s->path)
			*seen_slot(table, room, s->device, s->number) = *s;
	}
	free(w->seen);
	w->seen = table;
	w->seen_room = room;
}

/* The path under which this file was met before, or NULL, and then it is remembered. */
static const char *met_before(struct walker *w, const struct stat *st, const char *path)
{
	struct seen *s;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	if (w->seen_count * 2 >= w->seen_room)
		grow_seen(w);
	s = seen_slot(w->seen, w->seen_room, st->st_dev, st->st_ino);
	if (s->path)
		return s->path;
	*s = (struct seen){ st->st_dev, st->st_ino, path };
	w->seen_count++;
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

/* `node` is an O_PATH descriptor: its attributes are reached through /proc, links' own too. */
static void read_xattrs(struct arena *a, int dir, const char *name, struct inode *inode)
{
	char path[64 + NAME_MAX], names[LIST_MAX], value[VALUE_MAX];
	struct xattr *list;
	uint32_t count = 0;
	ssize_t length;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	length = llistxattr(path, names, sizeof(names));
	if (length <= 0)
		return;
	for (ssize_t i = 0; i < length; i++)
		count += !names[i];
	list = arena_alloc(a, count * sizeof(*list));
	for (const char *at = names; at < names + length; at += strlen(at) + 1) {
		ssize_t n = lgetxattr(path, at, value, sizeof(value));

		if (n < 0)
			continue;
		list[inode->xattr_count++] = (struct xattr){ arena_strdup(a, at),
			arena_copy(a, value, (size_t)n), (uint32_t)n };
	}
	qsort(list, inode->xattr_count, sizeof(*list), by_name);
	inode->xattrs = list;
}

static int denied(int dir, const char *name, int r, struct err *e)
{
	auto_close int there = beneath_open_plain(dir, name, O_PATH, 0);

	return io_denied(there, r, e);
}

/* Before it is said that a file is in the tree: its bytes are read only when they are written.
 */
static int check_readable(
	const struct walker *w, int dir, const char *name, const struct stat *st, struct err *e)
{
	bool own = st->st_uid == w->user && st->st_mode & S_IRUSR;

	if (own || w->user == 0 || faccessat(dir, name, R_OK, AT_EACCESS) == 0)
		return 0;
	return denied(dir, name, err_sys(e, "cannot open"), e);
}

static bool may_have_holes(const struct stat *st)
{
	return (uint64_t)st->st_blocks * 512 < (uint64_t)st->st_size;
}

/* Where the file has bytes: all of it, or what lies between its holes. */
static int find_extents(
	struct walker *w, int dir, const char *name, const struct stat *st, struct err *e)
{
	auto_close int fd = -1;
	off_t at = 0;

	w->extent_count = 0;
	if (st->st_size && !may_have_holes(st))
		extents_add(&w->extents, &w->extent_count, &w->extent_room,
			(struct extent){ 0, (uint64_t)st->st_size, 0 });
	if (!may_have_holes(st))
		return 0;
	fd = beneath_open_plain(dir, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return denied(dir, name, err_code(e, fd, "cannot open"), e);
	while (at < st->st_size) {
		off_t data = lseek(fd, at, SEEK_DATA), hole;

		if (data < 0 || data >= st->st_size)
			break; /* a hole to the end */
		hole = lseek(fd, data, SEEK_HOLE);
		at = hole < 0 || hole > st->st_size ? st->st_size : hole;
		extents_add(&w->extents, &w->extent_count, &w->extent_room,
			(struct extent){
				(uint64_t)data, (uint64_t)(at - data), (uint64_t)data });
	}
	return 0;
}

/* Its bytes are read when they are written, and stay where they are until then. */
static int read_file(struct walker *w, int dir, const char *name, const struct entry *entry,
	const struct stat *st, struct err *e)
{
	int r = check_readable(w, dir, name, st, e);

	if (r == 0)
		r = find_extents(w, dir, name, st, e);
	if (r == 0)
		entry->inode->content = content_of_path(&w->out->arena, w->image->source.dir,
			entry->path, st, w->extents, (uint32_t)w->extent_count);
	return r;
}

static int read_target(
	struct walker *w, int dir, const char *name, struct inode *inode, struct err *e)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0)
		return err_sys(e, "cannot read the link");
	inode->target = arena_strndup(&w->out->arena, target, (size_t)n);
	return 0;
}

static enum inode_type type_of(mode_t mode)
{
	static const struct {
		mode_t format;
		enum inode_type type;
	} types[] = {
		{ S_IFDIR, INODE_DIR },
		{ S_IFLNK, INODE_SYMLINK },
		{ S_IFCHR, INODE_CHAR },
		{ S_IFBLK, INODE_BLOCK },
		{ S_IFIFO, INODE_FIFO },
		{ S_IFSOCK, INODE_SOCKET },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if ((mode & S_IFMT) == types[i].format)
			return types[i].type;
	return INODE_FILE;
}

static int count_bytes(struct image *i, const struct stat *st, struct err *e)
{
	uint64_t size = (uint64_t)st->st_blocks * 512;

	if (!S_ISREG(st->st_mode) || atomic_fetch_sub(&i->size_left, size) >= size)
		return 0;
	return err_hint(e,
		err_set(e, -EFBIG, "the folder holds more than %" PRIu64 " bytes",
			i->options.limits.size),
		"--max-size allows more");
}

/* One name; the entry stays the last of the list. */
static int read_name(struct walker *w, int dir, const char *name, const char *path,
	const struct stat *st, struct err *e)
{
	struct entry *entry = entry_list_add(w->out);
	struct inode *inode;
	int r;

	entry->path = arena_strdup(&w->out->arena, path);
	entry->link = met_before(w, st, entry->path);
	if (entry->link)
		return 0;
	inode = arena_alloc(&w->out->arena, sizeof(*inode));
	entry->inode = inode;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	inode->type = type_of(st->st_mode);
	inode->mode = st->st_mode & 07777;
	inode->mtime = st->st_mtim;
	inode->major = major(st->st_rdev);
	inode->minor = minor(st->st_rdev);
	read_xattrs(&w->out->arena, dir, name, inode);
	r = rootless_take(&w->rootless, st, name, entry, e);
	if (r < 0)
		return r;
	if (inode->type == INODE_SYMLINK)
		return read_target(w, dir, name, inode, e);
	r = count_bytes(w->image, st, e);
	return r < 0 || inode->type != INODE_FILE ? r : read_file(w, dir, name, entry, st, e);
}

static int skip_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

/* Sorted, so that numbers which are given in order are the same each time. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_own(const struct image_options *o, const struct stat *st)
{
	for (size_t i = 0; i < o->own_count; i++)
		if (o->own[i].device == st->st_dev && o->own[i].number == st->st_ino)
			return true;
	return false;
}

static int walk_folder(struct walker *w, int dir, struct buf *path, struct err *e);

static int walk_name(
	struct walker *w, int dir, const char *name, struct buf *path, struct err *e)
{
	size_t length = path->size;
	struct stat st;
	int r;

	if (length)
		buf_putc(path, '/');
	buf_puts(path, name);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "cannot examine '%s'", path->bytes);
	if (is_own(&w->image->options, &st)) {
		path->size = length;
		return 0;
	}
	r = read_name(w, dir, name, path->bytes, &st, e);
	if (r < 0)
		return err_at(e, r, "'%s': ", path->bytes);
	if (S_ISDIR(st.st_mode) && st.st_dev == w->device) {
		auto_close int fd = beneath_open_plain(dir, name, O_RDONLY | O_DIRECTORY, 0);

		if (fd < 0)
			return denied(
				dir, name, err_code(e, fd, "cannot open '%s'", path->bytes), e);
		r = walk_folder(w, fd, path, e);
	}
	path->size = length;
	return r;
}

static int walk_folder(struct walker *w, int dir, struct buf *path, struct err *e)
{
	auto_kept_links struct kept_links links = { 0 };
	const struct kept_links *outer = w->rootless.links;
	struct dirent **names;
	int r = rootless_links(&w->rootless, dir, &links, e), count;

	if (r < 0)
		return err_at(e, r, "'%s': ", path->size ? path->bytes : ".");
	count = scandirat(dir, ".", &names, skip_dots, by_bytes);
	if (count < 0)
		return err_sys(e, "cannot list '%s'", path->size ? path->bytes : ".");
	w->rootless.links = &links;
	for (int i = 0; i < count; i++) {
		if (r >= 0)
			r = walk_name(w, dir, names[i]->d_name, path, e);
		free(names[i]);
	}
	free(names);
	w->rootless.links = outer;
	return r;
}

int directory_read(struct image *i, struct entry_list *out, struct err *e)
{
	auto_buf struct buf path = { 0 };
	struct walker w = { .image = i, .out = out };
	struct stat st;
	int r;

	if (fstat(i->source.dir, &st) < 0)
		return err_sys(e, "cannot examine the folder");
	w.device = st.st_dev;
	w.user = geteuid();
	rootless_open(&w.rootless, i->source.dir, &st, &out->arena);
	r = read_name(&w, i->source.dir, ".", ".", &st, e);
	if (r >= 0)
		r = walk_folder(&w, i->source.dir, &path, e);
	i->kept = w.rootless.taken;
	i->left_out = w.rootless.left_out;
	free(w.extents);
	free(w.seen);
	return r;
}
