/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pack.h"

#include <sched.h>
#include <stdint.h>

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

static void pack_level(
	const char *format, int level, const struct buf *from, size_t piece, struct buf *to)
{
	struct pack *p = NULL;
	struct err e = { 0 };

	check_int(pack_new(format, level, collect, to, &p, &e), 0);
	for (size_t at = 0; at < from->size; at += piece) {
		size_t left = from->size - at;

		check_int(pack_put(p, from->bytes + at, left < piece ? left : piece), 0);
	}
	check_int(pack_end(p), 0);
	pack_free(p);
}

static void pack_all(const char *format, const struct buf *from, size_t piece, struct buf *to)
{
	pack_level(format, 0, from, piece, to);
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

/* gzip goes by blocks of 256 KiB. */
static void blocks_of_any_fill_come_back(void)
{
	static const size_t block = 256 * 1024;
	const size_t sizes[] = { 0, 1, block - 1, block, block + 1, 3 * block, 9 * block + 7 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		auto_buf struct buf plain = { 0 }, packed = { 0 }, again = { 0 };

		while (plain.size < sizes[i])
			buf_printf(&plain, "%zu,", plain.size * 7919 % 10007);
		plain.size = sizes[i];
		pack_all("gzip", &plain, 100000, &packed);
		unpack_all(&packed, &again);
		check_int(again.size, plain.size);
		check(!plain.size || !memcmp(again.bytes, plain.bytes, plain.size));
	}
}

static void one_processor_packs_the_same_bytes(void)
{
	auto_buf struct buf plain = { 0 }, many = { 0 }, alone = { 0 };
	cpu_set_t all, one;
	size_t cpu = 0;

	for (int i = 0; i < 20; i++)
		fill(&plain);
	pack_all("gzip", &plain, plain.size, &many);
	check_int(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	check_int(sched_setaffinity(0, sizeof(one), &one), 0);
	pack_all("gzip", &plain, 12345, &alone);
	check_int(sched_setaffinity(0, sizeof(all), &all), 0);
	check(many.size == alone.size && !memcmp(many.bytes, alone.bytes, many.size));
}

static void a_higher_level_packs_smaller(void)
{
	for (size_t i = 1; i < ARRAY_LEN(formats); i++) {
		auto_buf struct buf plain = { 0 }, low = { 0 }, high = { 0 };
		uint32_t word = 1;

		while (plain.size < 500000) {
			word = word * 1103515245 + 12345;
			buf_printf(&plain, "%u the ", word >> 22);
		}
		pack_level(formats[i], 1, &plain, 10000, &low);
		pack_level(formats[i], 9, &plain, 10000, &high);
		check(high.size < low.size);
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
	RUN(blocks_of_any_fill_come_back);
	RUN(one_processor_packs_the_same_bytes);
	RUN(a_higher_level_packs_smaller);
	RUN(failure_of_the_sink_comes_back);
	return tap_done();
}
