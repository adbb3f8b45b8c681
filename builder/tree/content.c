/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/beneath.h"
#include "lib/io.h"
#include "lib/mem.h"

enum { CHUNK = 1024 * 1024 };

/* What a file of a folder was when it was met. */
struct content_file {
	const char *path;
	dev_t device;
	ino_t number;
	off_t size;
	struct timespec changed;
};

static struct content *new_content(struct arena *a, uint64_t size, uint32_t count)
{
	struct content *c = arena_alloc(a, sizeof(*c));

	c->size = size;
	c->fd = -1;
	c->extent_count = count;
	return c;
}

static struct content *whole(struct arena *a, uint64_t offset, uint64_t size)
{
	const struct extent e = { .at = 0, .size = size, .offset = offset };
	struct content *c = new_content(a, size, size ? 1 : 0);

	if (size)
		c->extents = memcpy(arena_alloc(a, sizeof(e)), &e, sizeof(e));
	return c;
}

const struct content *content_of_bytes(struct arena *a, const void *bytes, size_t size)
{
	struct content *c = whole(a, 0, size);

	c->bytes = arena_copy(a, bytes, size);
	return c;
}

const struct content *content_of_fd(struct arena *a, int fd, uint64_t offset, uint64_t size)
{
	struct content *c = whole(a, offset, size);

	c->fd = fd;
	return c;
}

static const struct extent *copy_extents(
	struct arena *a, const struct extent *extents, uint32_t count)
{
	size_t bytes = count * sizeof(*extents);

	return count ? memcpy(arena_alloc(a, bytes), extents, bytes) : NULL;
}

const struct content *content_of_extents(
	struct arena *a, int fd, uint64_t size, const struct extent *extents, uint32_t count)
{
	struct content *c = new_content(a, size, count);

	c->fd = fd;
	c->extents = copy_extents(a, extents, count);
	return c;
}

const struct content *content_of_file(
	struct arena *a, int fd, uint64_t size, const struct extent *extents, uint32_t count)
{
	struct content *c = new_content(a, size, count);

	c->fd = fd;
	c->is_file = true;
	c->extents = copy_extents(a, extents, count);
	return c;
}

const struct content *content_of_path(struct arena *a, int dir, const char *path,
	const struct stat *st, const struct extent *extents, uint32_t count)
{
	struct content *c = new_content(a, (uint64_t)st->st_size, count);
	struct content_file *file = arena_alloc(a, sizeof(*file));

	*file = (struct content_file){ path, st->st_dev, st->st_ino, st->st_size, st->st_ctim };
	c->fd = dir;
	c->file = file;
	c->extents = copy_extents(a, extents, count);
	return c;
}

int content_link(const struct content *c, int dir, const char *name)
{
	char path[64];
	struct stat st;

	if (!c->is_file || fstat(c->fd, &st) < 0 || st.st_nlink != 0)
		return -EEXIST;
	/* AT_EMPTY_PATH needs a capability; this way does not. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", c->fd);
	return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* --- The source, open while it is read. --- */

struct source {
	const struct content *c;
	int fd;
};

static int begin(struct source *s, const struct content *c, struct err *e)
{
	*s = (struct source){ c, c->fd };
	if (!c->file)
		return 0;
	s->fd = beneath_open_plain(c->fd, c->file->path, O_RDONLY | O_NONBLOCK, 0);
	return s->fd < 0 ? err_code(e, s->fd, "cannot open '%s'", c->file->path) : 0;
}

/* Looks at the file after it was read: before, it could still have changed. */
static int end(struct source *s, int r, struct err *e)
{
	const struct content_file *f = s->c->file;
	struct stat st;

	if (!f)
		return r;
	if (r >= 0 && fstat(s->fd, &st) < 0)
		r = err_sys(e, "cannot examine '%s'", f->path);
	else if (r >= 0 &&
		 (st.st_dev != f->device || st.st_ino != f->number || st.st_size != f->size ||
			 st.st_ctim.tv_sec != f->changed.tv_sec ||
			 st.st_ctim.tv_nsec != f->changed.tv_nsec))
		r = err_hint(e,
			err_set(e, -EBUSY, "'%s' has changed while it was read", f->path),
			"try again when nobody writes it, or leave it out with --exclude");
	(void)close(s->fd);
	return r;
}

static int fetch(const struct source *s, void *to, size_t size, uint64_t offset, struct err *e)
{
	ssize_t n;

	if (s->fd < 0) {
		memcpy(to, (const char *)s->c->bytes + offset, size);
		return 0;
	}
	n = io_pread(s->fd, to, size, (off_t)offset);
	if (n < 0)
		return err_code(e, (int)n, "cannot read a file's content");
	if ((size_t)n < size)
		return err_set(
			e, -EIO, "a file's content has become shorter while it was read");
	return 0;
}

int content_fetch(
	const struct content *c, void *to, size_t size, uint64_t offset, struct err *e)
{
	struct source s;
	int r = begin(&s, c, e);

	return r < 0 ? r : end(&s, fetch(&s, to, size, offset, e), e);
}

static int copy(const struct source *s, uint64_t offset, uint64_t size, int to, struct err *e)
{
	int r = s->fd < 0 ? io_write(to, (const char *)s->c->bytes + offset, (size_t)size)
			  : io_copy(s->fd, (off_t)offset, size, to);

	return r < 0 ? err_code(e, r, "cannot copy a file's content") : 0;
}

int content_copy(const struct content *c, uint64_t offset, uint64_t size, int to, struct err *e)
{
	struct source s;
	int r = begin(&s, c, e);

	return r < 0 ? r : end(&s, copy(&s, offset, size, to, e), e);
}

static int read_extent(const struct source *s, const struct extent *x, char *chunk,
	content_sink *sink, void *context, struct err *e)
{
	for (uint64_t done = 0; done < x->size;) {
		size_t n = x->size - done < CHUNK ? (size_t)(x->size - done) : CHUNK;
		int r = fetch(s, chunk, n, x->offset + done, e);

		if (!r)
			r = sink(chunk, n, context, e);
		if (r)
			return r;
		done += n;
	}
	return 0;
}

static uint64_t largest(const struct content *c)
{
	uint64_t most = 1;

	for (uint32_t i = 0; i < c->extent_count; i++)
		if (c->extents[i].size > most)
			most = c->extents[i].size;
	return most < CHUNK ? most : CHUNK;
}

static int read_all(const struct source *s, content_sink *sink, void *context, struct err *e)
{
	const struct content *c = s->c;
	auto_free char *chunk = xmalloc((size_t)largest(c));
	uint64_t at = 0;

	for (uint32_t i = 0; i < c->extent_count; i++) {
		const struct extent *x = &c->extents[i];
		int r = x->at > at ? sink(NULL, x->at - at, context, e) : 0;

		if (!r)
			r = read_extent(s, x, chunk, sink, context, e);
		if (r)
			return r;
		at = x->at + x->size;
	}
	return c->size > at ? sink(NULL, c->size - at, context, e) : 0;
}

int content_read(const struct content *c, content_sink *sink, void *context, struct err *e)
{
	struct source s;
	int r = begin(&s, c, e);

	return r < 0 ? r : end(&s, read_all(&s, sink, context, e), e);
}

static int write_all(const struct source *s, int to, struct err *e)
{
	const struct content *c = s->c;
	uint64_t ended = 0;

	for (uint32_t i = 0; i < c->extent_count; i++) {
		const struct extent *x = &c->extents[i];
		int r;

		if (x->at != ended && lseek(to, (off_t)x->at, SEEK_SET) < 0)
			return err_sys(e, "cannot write a file's content");
		r = copy(s, x->offset, x->size, to, e);
		if (r < 0)
			return r;
		ended = x->at + x->size;
	}
	/* A hole at the end. */
	if (ended < c->size && ftruncate(to, (off_t)c->size) < 0)
		return err_sys(e, "cannot write a file's content");
	return 0;
}

int content_write(const struct content *c, int to, struct err *e)
{
	struct source s;
	int r = begin(&s, c, e);

	return r < 0 ? r : end(&s, write_all(&s, to, e), e);
}

static int read_part(
	const struct source *s, void *to, size_t size, uint64_t offset, struct err *e)
{
	const struct content *c = s->c;
	uint64_t until = offset + size;

	memset(to, 0, size);
	for (uint32_t i = 0; i < c->extent_count; i++) {
		const struct extent *x = &c->extents[i];
		uint64_t from = x->at > offset ? x->at : offset;
		uint64_t stop = x->at + x->size < until ? x->at + x->size : until;
		int r;

		if (from >= stop)
			continue;
		r = fetch(s, (char *)to + (from - offset), (size_t)(stop - from),
			x->offset + (from - x->at), e);
		if (r < 0)
			return r;
	}
	return 0;
}

ssize_t content_pread(
	const struct content *c, void *to, size_t size, uint64_t offset, struct err *e)
{
	struct source s;
	int r;

	if (offset >= c->size)
		return 0;
	if (size > c->size - offset)
		size = (size_t)(c->size - offset);
	r = begin(&s, c, e);
	if (r == 0)
		r = end(&s, read_part(&s, to, size, offset, e), e);
	return r < 0 ? r : (ssize_t)size;
}
