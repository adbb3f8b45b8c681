/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "builder/output/erofs.h"
#include "lib/io.h"

/* Small pieces are collected in a megabyte; large ones go from file to file in the kernel. */

enum { BUFFER = EROFS_BUFFER, LARGE = 256 * 1024 };

uint64_t erofs_at(const struct erofs *x)
{
	return x->written + x->used;
}

int erofs_flush(struct erofs *x, struct err *e)
{
	int r = io_write(x->fd, x->bytes, x->used);

	x->written += x->used;
	x->used = 0;
	return r < 0 ? err_code(e, r, "cannot write") : 0;
}

/* How much of `size` fits, after what is there has gone where nothing did. */
static int room(struct erofs *x, uint64_t size, size_t *fits, struct err *e)
{
	int r = x->used == BUFFER ? erofs_flush(x, e) : 0;

	*fits = BUFFER - x->used;
	if (*fits > size)
		*fits = (size_t)size;
	return r;
}

int erofs_put(struct erofs *x, const void *bytes, size_t size, struct err *e)
{
	const char *from = bytes;

	while (size) {
		size_t n;
		int r = room(x, size, &n, e);

		if (r < 0)
			return r;
		memcpy(x->bytes + x->used, from, n);
		x->used += n;
		from += n;
		size -= n;
	}
	return 0;
}

int erofs_put_zeros(struct erofs *x, uint64_t size, struct err *e)
{
	while (size) {
		size_t n;
		int r = room(x, size, &n, e);

		if (r < 0)
			return r;
		memset(x->bytes + x->used, 0, n);
		x->used += n;
		size -= n;
	}
	return 0;
}

int erofs_reach(struct erofs *x, uint64_t at, struct err *e)
{
	assert(at >= erofs_at(x));
	return erofs_put_zeros(x, at - erofs_at(x), e);
}

static int copy_small(
	struct erofs *x, const struct content *c, uint64_t offset, uint64_t size, struct err *e)
{
	while (size) {
		size_t n;
		int r = room(x, size, &n, e);

		if (r == 0)
			r = content_fetch(c, x->bytes + x->used, n, offset, e);
		if (r < 0)
			return r;
		x->used += n;
		offset += n;
		size -= n;
	}
	return 0;
}

static int copy_large(
	struct erofs *x, const struct content *c, uint64_t offset, uint64_t size, struct err *e)
{
	int r = erofs_flush(x, e);

	x->written += size;
	return r < 0 ? r : content_copy(c, offset, size, x->fd, e);
}

static int copy(
	struct erofs *x, const struct content *c, uint64_t offset, uint64_t size, struct err *e)
{
	return size < LARGE ? copy_small(x, c, offset, size, e)
			    : copy_large(x, c, offset, size, e);
}

/* The first extent that ends behind `at`. */
static uint32_t first_behind(const struct content *c, uint64_t at)
{
	uint32_t low = 0, high = c->extent_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (c->extents[middle].at + c->extents[middle].size > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int erofs_put_content(
	struct erofs *x, const struct content *c, uint64_t from, uint64_t size, struct err *e)
{
	uint64_t at = from, end = from + size;

	for (uint32_t i = first_behind(c, from); i < c->extent_count && at < end; i++) {
		const struct extent *piece = &c->extents[i];
		uint64_t until = piece->at + piece->size < end ? piece->at + piece->size : end;
		int r = 0;

		if (piece->at >= end)
			break;
		if (piece->at > at) {
			r = erofs_put_zeros(x, piece->at - at, e);
			at = piece->at;
		}
		if (r == 0)
			r = copy(x, c, piece->offset + (at - piece->at), until - at, e);
		if (r < 0)
			return r;
		at = until;
	}
	return erofs_put_zeros(x, end - at, e);
}
