/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ahead.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/mem.h"

/*
 * A ring of pieces. Numbers of pieces only grow; a piece lies in the slot of its number modulo
 * SLOTS, and is filled anew when every taker has gone past it.
 */
enum { SLOTS = 4 };

struct piece {
	char *bytes;
	size_t size;
};

struct ahead {
	ahead_fill *fill;
	void *context;
	unsigned takers;
	struct piece pieces[SLOTS];
	uint64_t filled;                  /* pieces so far */
	uint64_t taken[AHEAD_TAKERS_MAX]; /* pieces that the taker is done with */
	bool holds[AHEAD_TAKERS_MAX];     /* it still reads the piece behind those */
	bool ended, stop;
	int result;
	struct err error;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static uint64_t slowest(const struct ahead *a)
{
	uint64_t least = a->taken[0];

	for (unsigned i = 1; i < a->takers; i++)
		if (a->taken[i] < least)
			least = a->taken[i];
	return least;
}

/* The slot to fill next, or NULL when the stream is to stop. */
static struct piece *wait_for_room(struct ahead *a)
{
	struct piece *p = NULL;

	(void)pthread_mutex_lock(&a->lock);
	while (!a->stop && a->filled - slowest(a) >= SLOTS)
		(void)pthread_cond_wait(&a->changed, &a->lock);
	if (!a->stop)
		p = &a->pieces[a->filled % SLOTS];
	(void)pthread_mutex_unlock(&a->lock);
	return p;
}

static void tell(struct ahead *a, int result)
{
	(void)pthread_mutex_lock(&a->lock);
	a->result = result;
	if (result == 0 && a->pieces[a->filled % SLOTS].size)
		a->filled++;
	else
		a->ended = true;
	(void)pthread_cond_broadcast(&a->changed);
	(void)pthread_mutex_unlock(&a->lock);
}

static void *work(void *context)
{
	struct ahead *a = context;
	struct piece *p;

	while (!a->ended && (p = wait_for_room(a))) {
		int r;

		if (!p->bytes)
			p->bytes = xmalloc(AHEAD_PIECE);
		r = a->fill(a->context, p->bytes, AHEAD_PIECE, &p->size, &a->error);
		tell(a, r);
	}
	return NULL;
}

int ahead_start(
	ahead_fill *fill, void *context, unsigned takers, struct ahead **out, struct err *e)
{
	struct ahead *a = xcalloc(1, sizeof(*a));
	int r;

	*a = (struct ahead){ .fill = fill, .context = context, .takers = takers };
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->changed, NULL);
	r = pthread_create(&a->thread, NULL, work, a);
	a->running = r == 0;
	if (!a->running) {
		ahead_free(a);
		return err_code(e, -r, "cannot start a thread");
	}
	*out = a;
	return 0;
}

int ahead_next(struct ahead *a, unsigned taker, const void **bytes, size_t *size, struct err *e)
{
	uint64_t *taken = &a->taken[taker];
	int r = 0;

	(void)pthread_mutex_lock(&a->lock);
	if (a->holds[taker]) {
		++*taken;
		(void)pthread_cond_broadcast(&a->changed);
	}
	while (*taken == a->filled && !a->ended && !a->stop)
		(void)pthread_cond_wait(&a->changed, &a->lock);
	a->holds[taker] = *taken < a->filled;
	*size = a->holds[taker] ? a->pieces[*taken % SLOTS].size : 0;
	*bytes = a->pieces[*taken % SLOTS].bytes;
	if (!a->holds[taker] && a->result < 0) {
		*e = a->error;
		r = a->result;
	}
	(void)pthread_mutex_unlock(&a->lock);
	return r;
}

void ahead_stop(struct ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	a->stop = true;
	(void)pthread_cond_broadcast(&a->changed);
	(void)pthread_mutex_unlock(&a->lock);
	if (a->running)
		(void)pthread_join(a->thread, NULL);
	a->running = false;
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	ahead_stop(a);
	for (unsigned i = 0; i < SLOTS; i++)
		free(a->pieces[i].bytes);
	(void)pthread_cond_destroy(&a->changed);
	(void)pthread_mutex_destroy(&a->lock);
	free(a);
}
