/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pack.h"

#include "lib/buf.h"
#include "lib/unpack.h"
#include "tests/unit/tap.h"

static const char *const formats[] = { NULL, "gzip", "zstd" };

static int collect(const void *bytes, size_t size, void *context)
{
	buf_put(context, bytes, size);
	return 0;
}

static int refuse(const void *bytes, size_t size, void *context)
{
	(void)bytes;
	(void)size;
	(void)context;
	return -ENOSPC;
}

static void fill(struct buf *b)
{
	for (int i = 0; i < 100000; i++)
		buf_printf(b, "%d,", i * 7919 % 10007);
}

static void pack_all(const char *format, const struct buf *from, size_t piece, struct buf *to)
{
	struct pack *p = NULL;
	struct err e = { 0 };

	check_int(pack_new(format, 0, collect, to, &p, &e), 0);
	for (size_t at = 0; at < from->size; at += piece) {
		size_t left = from->size - at;

		check_int(pack_put(p, from->bytes + at, left < piece ? left : piece), 0);
	}
	check_int(pack_end(p), 0);
	pack_free(p);
}

static int give(void *context, const void **bytes, size_t *size, struct err *e)
{
	struct buf **from = context;

	(void)e;
	*bytes = *from ? (*from)->bytes : NULL;
	*size = *from ? (*from)->size : 0;
	*from = NULL;
	return 0;
}

static void unpack_all(struct buf *from, struct buf *to)
{
	struct unpack *u = NULL;
	struct err e = { 0 };
	char bytes[5000];
	size_t size = 1;

	check_int(unpack_new(give, &from, &u, &e), 0);
	while (size && unpack_read(u, bytes, sizeof(bytes), &size, &e) == 0)
		buf_put(to, bytes, size);
	unpack_free(u);
}

static void what_is_packed_unpacks_to_the_same(void)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		auto_buf struct buf plain = { 0 }, packed = { 0 }, again = { 0 };

		fill(&plain);
		pack_all(formats[i], &plain, 10000, &packed);
		check(!formats[i] || packed.size < plain.size);
		unpack_all(&packed, &again);
		check_int(again.size, plain.size);
		check(again.bytes && again.size == plain.size &&
			!memcmp(again.bytes, plain.bytes, plain.size));
	}
}

static void pieces_make_no_difference(void)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		auto_buf struct buf plain = { 0 }, one = { 0 }, two = { 0 };

		fill(&plain);
		pack_all(formats[i], &plain, plain.size, &one);
		pack_all(formats[i], &plain, 1777, &two);
		check(one.size == two.size && !memcmp(one.bytes, two.bytes, one.size));
	}
}

static void failure_of_the_sink_comes_back(void)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		auto_buf struct buf plain = { 0 };
		struct pack *p = NULL;
		struct err e = { 0 };
		int r;

		fill(&plain);
		check_int(pack_new(formats[i], 0, refuse, NULL, &p, &e), 0);
		r = pack_put(p, plain.bytes, plain.size);
		check_int(r < 0 ? r : pack_end(p), -ENOSPC);
		pack_free(p);
	}
}

int main(void)
{
	RUN(what_is_packed_unpacks_to_the_same);
	RUN(pieces_make_no_difference);
	RUN(failure_of_the_sink_comes_back);
	return tap_done();
}
