/* SPDX-License-Identifier: Apache-2.0 */
/* Layers are read by several threads, ahead of the one that merges them in order. */
#include <pthread.h>
#include <stdlib.h>

#include "builder/image/internal.h"
#include "lib/share.h"

struct slot {
	struct entry_list entries;
	struct err error;
	int result;
	bool done;
};

struct readers {
	struct image *image;
	struct slot *slots; /* by layer */
	size_t next;        /* layer that nobody reads yet */
	size_t merged;      /* layers that were handed out */
	size_t ahead;       /* how many may be read or wait to be merged */
	bool stop;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* The next layer to read, waiting until it may be; false when there is none. */
static bool claim(struct readers *r, size_t *layer)
{
	(void)pthread_mutex_lock(&r->lock);
	while (!r->stop && r->next < r->image->layer_count && r->next >= r->merged + r->ahead)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	*layer = r->next;
	if (r->stop || r->next == r->image->layer_count) {
		(void)pthread_mutex_unlock(&r->lock);
		return false;
	}
	r->next++;
	(void)pthread_mutex_unlock(&r->lock);
	return true;
}

static void *work(void *context)
{
	struct readers *r = context;
	size_t layer;

	while (claim(r, &layer)) {
		struct slot *s = &r->slots[layer];

		s->result = image_read_layer(r->image, layer, &s->entries, &s->error);
		(void)pthread_mutex_lock(&r->lock);
		s->done = true;
		(void)pthread_cond_broadcast(&r->changed);
		(void)pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

static int hand_out(
	struct readers *r, size_t layer, image_each *each, void *context, struct err *e)
{
	struct slot *s = &r->slots[layer];
	int result;

	(void)pthread_mutex_lock(&r->lock);
	while (!s->done)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	(void)pthread_mutex_unlock(&r->lock);
	if (s->result < 0)
		*e = s->error;
	result = s->result < 0 ? s->result : each(layer, &s->entries, context, e);
	entry_list_release(&s->entries);
	(void)pthread_mutex_lock(&r->lock);
	r->merged++;
	(void)pthread_cond_broadcast(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
	return result;
}

static int place(const struct image *i, size_t layer, int r, struct err *e)
{
	if (r < 0 && (i->layer_count > 1 || i->parts[layer].member))
		return err_at(e, r, "'%s': layer %zu: ", i->source.path, layer + 1);
	return r < 0 ? err_at(e, r, "'%s': ", i->source.path) : r;
}

static void stop(struct readers *r, const pthread_t *threads, size_t count)
{
	atomic_store(&r->image->cancelled, true);
	(void)pthread_mutex_lock(&r->lock);
	r->stop = true;
	(void)pthread_cond_broadcast(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
	for (size_t n = 0; n < count; n++)
		(void)pthread_join(threads[n], NULL);
	atomic_store(&r->image->cancelled, false);
}

static int read_ahead(
	struct image *i, size_t count, image_each *each, void *context, struct err *e)
{
	struct readers r = { .image = i, .ahead = count + 1 };
	pthread_t threads[SHARE_THREADS_MAX];
	size_t started = 0;
	int result = 0;

	r.slots = xcalloc(i->layer_count, sizeof(*r.slots));
	(void)pthread_mutex_init(&r.lock, NULL);
	(void)pthread_cond_init(&r.changed, NULL);
	while (started < count && pthread_create(&threads[started], NULL, work, &r) == 0)
		started++;
	if (!started)
		result = err_set(e, -EAGAIN, "cannot start a thread");
	for (size_t k = 0; result == 0 && k < i->layer_count; k++)
		result = place(i, k, hand_out(&r, k, each, context, e), e);
	stop(&r, threads, started);
	for (size_t k = 0; k < i->layer_count; k++)
		entry_list_release(&r.slots[k].entries);
	free(r.slots);
	(void)pthread_mutex_destroy(&r.lock);
	(void)pthread_cond_destroy(&r.changed);
	return result;
}

static int read_in_turn(struct image *i, image_each *each, void *context, struct err *e)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < i->layer_count; k++) {
		auto_entries struct entry_list entries = { 0 };

		r = image_read_layer(i, k, &entries, e);
		if (r >= 0)
			r = each(k, &entries, context, e);
		r = place(i, k, r, e);
	}
	return r;
}

int image_read(struct image *i, image_each *each, void *context, struct err *e)
{
	size_t count = i->options.threads ? i->options.threads : share_threads();

	if (count > SHARE_THREADS_MAX)
		count = SHARE_THREADS_MAX;
	if (count > i->layer_count)
		count = i->layer_count;
	return count > 1 ? read_ahead(i, count, each, context, e)
			 : read_in_turn(i, each, context, e);
}
