/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes to the decompressors. How large the blocks are that they come in, and how large the
 * room is that they go to, must not matter.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/auto.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/unpack.h"

enum { MOST = 4 << 20, BLOCK_MIN = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct feed {
	const uint8_t *bytes;
	size_t left, block;
	uint8_t *copy; /* so that what is read behind a block, or after its time, is seen */
};

static int feed_next(void *context, const void **bytes, size_t *size, struct err *e)
{
	struct feed *f = context;
	size_t n = f->left < f->block ? f->left : f->block;

	(void)e;
	free(f->copy);
	f->copy = xmalloc(n ? n : 1);
	if (n)
		memcpy(f->copy, f->bytes, n);
	f->bytes += n;
	f->left -= n;
	*bytes = f->copy;
	*size = n;
	return 0;
}

static int unpack_all(
	const uint8_t *bytes, size_t size, size_t block, size_t room, struct buf *to)
{
	struct feed f = { .bytes = bytes, .left = size, .block = block };
	struct unpack *u = NULL;
	struct err e;
	size_t n = 1;
	int r = unpack_new(feed_next, &f, &u, &e);

	while (r >= 0 && n && to->size < MOST) {
		auto_free uint8_t *exact = xmalloc(room);

		r = unpack_read(u, exact, room, &n, &e);
		if (r >= 0)
			buf_put(to, exact, n);
	}
	if (u)
		unpack_free(u);
	free(f.copy);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	auto_buf struct buf whole = { 0 }, pieces = { 0 };
	size_t block, room;
	int a, b;

	if (size < 2)
		return 0;
	block = BLOCK_MIN + bytes[0];
	room = 1 + (size_t)bytes[1] * 16;
	a = unpack_all(bytes + 2, size - 2, size, 1 << 16, &whole);
	b = unpack_all(bytes + 2, size - 2, block, room, &pieces);
	/* Behind the limit the two may stand at different places. */
	if (whole.size >= MOST || pieces.size >= MOST)
		return 0;
	/* libzstd believes a frame's size only where it gets room for all of it at once. */
	if (a >= 0 && b >= 0 &&
		(whole.size != pieces.size ||
			(whole.size && memcmp(whole.bytes, pieces.bytes, whole.size) != 0)))
		abort();
	return 0;
}
