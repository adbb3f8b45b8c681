/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"

enum { REGION = 1024 * 1024, HELD = 256 * 1024 };

int spool_open(struct spool *s, const char *dir, const char *target, struct err *e)
{
	s->end = 0;
	s->target = target;
	s->fd = io_scratch(dir, e);
	return s->fd < 0 ? s->fd : 0;
}

void spool_release(struct spool *s)
{
	uint32_t count = !s                                ? 0
			 : s->file_count < SPOOL_FILES_MAX ? s->file_count
							   : SPOOL_FILES_MAX;

	for (uint32_t i = 0; i < count; i++)
		auto_close_fd(&s->files[i]);
	if (s && s->fd >= 0)
		(void)close(s->fd);
}

void spool_writer_init(struct spool_writer *w, struct spool *s)
{
	*w = (struct spool_writer){ .spool = s };
}

void spool_writer_release(struct spool_writer *w)
{
	if (!w)
		return;
	free(w->bytes);
	free(w->extents);
	*w = (struct spool_writer){ 0 };
}

void extents_add(struct extent **list, size_t *count, size_t *capacity, struct extent x)
{
	struct extent *last = *count ? &(*list)[*count - 1] : NULL;

	if (last && last->at + last->size == x.at && last->offset + last->size == x.offset) {
		last->size += x.size;
		return;
	}
	*list = xgrow(*list, capacity, *count + 1, sizeof(**list));
	(*list)[(*count)++] = x;
}

int spool_flush(struct spool_writer *w, struct err *e)
{
	int r = w->used ? io_pwrite(w->spool->fd, w->bytes, w->used, (off_t)w->offset) : 0;

	if (r < 0)
		return err_code(e, r, "cannot write a scratch file");
	w->offset += w->used;
	w->used = 0;
	return 0;
}

static int reserve(struct spool_writer *w, struct err *e)
{
	int r = spool_flush(w, e);

	if (r < 0)
		return r;
	if (!w->bytes)
		w->bytes = xmalloc(HELD);
	w->offset = atomic_fetch_add(&w->spool->end, REGION);
	w->room = REGION;
	return 0;
}

void spool_begin(struct spool_writer *w, uint64_t size)
{
	const int flags = O_TMPFILE | O_RDWR | O_CLOEXEC;
	struct spool *s = w->spool;
	uint32_t number;

	if (size < SPOOL_FILE_MIN || !s->target)
		return;
	number = atomic_fetch_add(&s->file_count, 1);
	if (number >= SPOOL_FILES_MAX)
		return;
	s->files[number] = open(s->target, flags, 0600); /* host path */
	if (s->files[number] < 0)
		return;
	w->kept = &s->files[number];
	/* Made with the directory's default ACL, which is none of the image's. */
	(void)fremovexattr(*w->kept, "system.posix_acl_access");
}

static int put_in_file(
	struct spool_writer *w, const void *bytes, size_t size, uint64_t at, struct err *e)
{
	int r = io_pwrite(*w->kept, bytes, size, (off_t)at);

	if (r < 0)
		return err_code(e, r, "cannot write");
	extents_add(&w->extents, &w->extent_count, &w->extent_capacity,
		(struct extent){ at, size, at });
	return 0;
}

int spool_put(
	struct spool_writer *w, const void *bytes, size_t size, uint64_t at, struct err *e)
{
	const char *from = bytes;

	if (w->kept)
		return put_in_file(w, bytes, size, at, e);
	while (size) {
		int r = !w->room ? reserve(w, e) : w->used == HELD ? spool_flush(w, e) : 0;
		size_t n = size < w->room ? size : w->room;

		if (r < 0)
			return r;
		n = n < HELD - w->used ? n : HELD - w->used;
		n = n < w->room ? n : w->room;
		memcpy(w->bytes + w->used, from, n);
		extents_add(&w->extents, &w->extent_count, &w->extent_capacity,
			(struct extent){ at, n, w->offset + w->used });
		w->used += n;
		w->room -= n;
		from += n;
		at += n;
		size -= n;
	}
	return 0;
}

/* The file, open for reading only: a program that is open for writing cannot be started. */
static int reopen(int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC); /* host path */
}

const struct content *spool_file(struct spool_writer *w, struct arena *a, uint64_t size)
{
	uint32_t count = (uint32_t)w->extent_count;
	int *kept = w->kept, fd;

	w->extent_count = 0;
	w->kept = NULL;
	if (!kept)
		return content_of_extents(a, w->spool->fd, size, w->extents, count);
	fd = ftruncate(*kept, (off_t)size) == 0 ? reopen(*kept) : -1;
	if (fd < 0)
		return content_of_extents(a, *kept, size, w->extents, count);
	(void)close(*kept);
	*kept = fd;
	return content_of_file(a, fd, size, w->extents, count);
}
