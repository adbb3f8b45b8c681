/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tap.h"

/* A stream of `pieces` pieces, each full of its number; then its end, or a failure. */
struct source {
	unsigned made, pieces;
	int failure;
};

static int fill(void *context, void *to, size_t room, size_t *size, struct err *e)
{
	struct source *s = context;

	if (s->made == s->pieces && s->failure)
		return err_set(e, s->failure, "no more");
	*size = s->made < s->pieces ? room : 0;
	memset(to, (int)(s->made++ & 0xff), *size);
	return 0;
}

/* How many pieces a taker gets in order, whole. */
struct taker {
	struct ahead *ahead;
	unsigned number, most; /* it stops after that many */
	unsigned right;
	int result;
};

static void *take(void *context)
{
	struct taker *t = context;
	const unsigned char *bytes;
	struct err e;
	size_t size;

	while (t->right < t->most) {
		const void *next;

		t->result = ahead_next(t->ahead, t->number, &next, &size, &e);
		bytes = next;
		if (t->result < 0 || !size || size != AHEAD_PIECE ||
			bytes[0] != (t->right & 0xff) || bytes[size - 1] != (t->right & 0xff))
			break;
		t->right++;
	}
	return NULL;
}

static void run(struct source *s, struct taker takers[2])
{
	pthread_t other;
	struct ahead *a;
	struct err e;

	if (ahead_start(fill, s, 2, &a, &e) < 0)
		abort();
	takers[0].ahead = takers[1].ahead = a;
	takers[1].number = 1;
	if (pthread_create(&other, NULL, take, &takers[1]) != 0)
		abort();
	(void)take(&takers[0]);
	if (takers[0].right == takers[0].most)
		ahead_stop(a);
	(void)pthread_join(other, NULL);
	ahead_free(a);
}

static void both_takers_see_every_piece_in_order(void)
{
	for (unsigned pieces = 0; pieces < 300; pieces += 23) {
		struct source s = { .pieces = pieces };
		struct taker t[2] = { { .most = 1000 }, { .most = 1000 } };

		run(&s, t);
		for (int i = 0; i < 2; i++) {
			check_int(t[i].right, pieces);
			check_int(t[i].result, 0);
		}
	}
}

static void a_failure_comes_behind_what_was_good(void)
{
	struct source s = { .pieces = 9, .failure = -EIO };
	struct taker t[2] = { { .most = 1000 }, { .most = 1000 } };

	run(&s, t);
	for (int i = 0; i < 2; i++) {
		check_int(t[i].right, 9);
		check_int(t[i].result, -EIO);
	}
}

static void stopping_early_ends_everybody(void)
{
	struct source s = { .pieces = 1000000 };
	struct taker t[2] = { { .most = 5 }, { .most = 1000000 } };

	run(&s, t);
	check_int(t[0].right, 5);
	check(s.made < 20); /* no more than the ring holds */
}

int main(void)
{
	RUN(both_takers_see_every_piece_in_order);
	RUN(a_failure_comes_behind_what_was_good);
	RUN(stopping_early_ends_everybody);
	return tap_done();
}
