/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"

enum { CHUNK = 1024 * 1024 };

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

int content_fetch(
	const struct content *c, void *to, size_t size, uint64_t offset, struct err *e)
{
	ssize_t n;

	if (c->fd < 0) {
		memcpy(to, (const char *)c->bytes + offset, size);
		return 0;
	}
	n = io_pread(c->fd, to, size, (off_t)offset);
	if (n < 0)
		return err_code(e, (int)n, "cannot read a file's content");
	if ((size_t)n < size)
		return err_set(
			e, -EIO, "a file's content has become shorter while it was read");
	return 0;
}

static int read_extent(const struct content *c, const struct extent *x, char *chunk,
	content_sink *sink, void *context, struct err *e)
{
	for (uint64_t done = 0; done < x->size;) {
		size_t n = x->size - done < CHUNK ? (size_t)(x->size - done) : CHUNK;
		int r = content_fetch(c, chunk, n, x->offset + done, e);

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

int content_read(const struct content *c, content_sink *sink, void *context, struct err *e)
{
	auto_free char *chunk = xmalloc((size_t)largest(c));
	uint64_t at = 0;

	for (uint32_t i = 0; i < c->extent_count; i++) {
		const struct extent *x = &c->extents[i];
		int r = x->at > at ? sink(NULL, x->at - at, context, e) : 0;

		if (!r)
			r = read_extent(c, x, chunk, sink, context, e);
		if (r)
			return r;
		at = x->at + x->size;
	}
	return c->size > at ? sink(NULL, c->size - at, context, e) : 0;
}

static int write_extent(const struct content *c, const struct extent *x, int to, struct err *e)
{
	int r;

	if (c->fd < 0) {
		r = io_pwrite(
			to, (const char *)c->bytes + x->offset, (size_t)x->size, (off_t)x->at);
	} else {
		if (lseek(to, (off_t)x->at, SEEK_SET) < 0)
			return err_sys(e, "cannot write a file's content");
		r = io_copy(c->fd, (off_t)x->offset, x->size, to);
	}
	return r < 0 ? err_code(e, r, "cannot write a file's content") : 0;
}

int content_write(const struct content *c, int to, struct err *e)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < c->extent_count; i++) {
		int r = write_extent(c, &c->extents[i], to, e);

		if (r < 0)
			return r;
		end = c->extents[i].at + c->extents[i].size;
	}
	/* A hole at the end. */
	if (end < c->size && ftruncate(to, (off_t)c->size) < 0)
		return err_sys(e, "cannot write a file's content");
	return 0;
}

ssize_t content_pread(
	const struct content *c, void *to, size_t size, uint64_t offset, struct err *e)
{
	uint64_t end;

	if (offset >= c->size)
		return 0;
	if (size > c->size - offset)
		size = (size_t)(c->size - offset);
	end = offset + size;
	memset(to, 0, size);
	for (uint32_t i = 0; i < c->extent_count; i++) {
		const struct extent *x = &c->extents[i];
		uint64_t from = x->at > offset ? x->at : offset;
		uint64_t until = x->at + x->size < end ? x->at + x->size : end;
		int r;

		if (from >= until)
			continue;
		r = content_fetch(c, (char *)to + (from - offset), (size_t)(until - from),
			x->offset + (from - x->at), e);
		if (r < 0)
			return r;
	}
	return (ssize_t)size;
}
