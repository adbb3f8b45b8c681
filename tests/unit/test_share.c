/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/share.h"

#include <stdatomic.h>
#include <stdint.h>

#include "tests/unit/tap.h"

/* Counting to a number by halves: a piece is a range, which is divided when somebody waits. */
enum { RANGES = 1 << 16 };

struct counting {
	_Atomic unsigned visits[RANGES];
	_Atomic unsigned threads; /* bits of those that have counted */
	unsigned fail_at;
};

/* A range in one pointer: where it begins, and its size. */
static void *range(unsigned begin, unsigned size)
{
	return (void *)((uintptr_t)begin << 32 | size); /* never NULL: size is not 0 */
}

static int count(struct share *s, void *piece, unsigned thread, void *context, struct err *e)
{
	struct counting *c = context;
	unsigned at = (unsigned)((uintptr_t)piece >> 32);
	unsigned end = at + (unsigned)((uintptr_t)piece & UINT32_MAX);

	atomic_fetch_or(&c->threads, 1U << thread);
	for (; at < end && !share_stopped(s); at++) {
		unsigned half = (end - at) / 2;

		if (c->fail_at && at == c->fail_at)
			return err_set(e, -EIO, "at %u", at);
		if (half > 1 && share_wanted(s) && share_give(s, range(end - half, half)))
			end -= half;
		atomic_fetch_add(&c->visits[at], 1);
	}
	return 0;
}

static unsigned visited(const struct counting *c, unsigned times)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RANGES; i++)
		n += c->visits[i] == times;
	return n;
}

static void every_part_is_done_once(void)
{
	for (unsigned i = 0; i < 200; i++) {
		const unsigned threads = 1 + i % 5;
		static struct counting c;
		struct err e;

		c = (struct counting){ 0 };
		check_int(share_run(count, range(0, RANGES), threads, &c, &e), 0);
		check_int(visited(&c, 1), RANGES);
		check_int(c.threads >> threads, 0);
	}
}

static void a_failure_ends_it_for_all(void)
{
	for (unsigned i = 0; i < 50; i++) {
		static struct counting c;
		struct err e;

		c = (struct counting){ .fail_at = RANGES / 3 };
		check_int(share_run(count, range(0, RANGES), 1 + i % 5, &c, &e), -EIO);
		check_text(e.text, "at 21845");
		check(visited(&c, 0) > 0);
	}
}

static void there_is_a_thread_for_each_processor(void)
{
	check(share_threads() >= 1);
	check(share_threads() <= SHARE_THREADS_MAX);
}

int main(void)
{
	RUN(every_part_is_done_once);
	RUN(a_failure_ends_it_for_all);
	RUN(there_is_a_thread_for_each_processor);
	return tap_done();
}
