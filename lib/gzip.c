/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gzip.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/mem.h"
#include "lib/share.h"

enum { BLOCK = 256 * 1024, WINDOW = 32 * 1024, USUAL = 6, MEMORY = 8 };

/* Blocks lie in a ring, by their number. */
struct block {
	unsigned char *in; /* WINDOW bytes of dictionary, then the block */
	unsigned char *out;
	size_t dictionary, size, packed;
	uLong sum;
	bool last, done;
	int result;
};

struct gzip {
	pack_sink *sink;
	void *context;
	int level, failed;
	bool begun; /* the header is written */
	bool stop;
	struct block *ring;
	size_t room;                    /* of the ring */
	size_t given, claimed, written; /* blocks; the one being filled is number `given` */
	size_t out_size;                /* of a block's `out` */
	uLong sum;                      /* of all that is written */
	uint32_t size;                  /* the same, as the trailer has it */
	z_stream own;                   /* for who puts, where there are no threads */
	pthread_t threads[SHARE_THREADS_MAX];
	unsigned thread_count;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static int stream_init(const struct gzip *g, z_stream *z)
{
	*z = (z_stream){ 0 };
	return deflateInit2(z, g->level, Z_DEFLATED, -MAX_WBITS, MEMORY, Z_DEFAULT_STRATEGY);
}

static void pack_block(const struct gzip *g, z_stream *z, struct block *b)
{
	const int flush = b->last ? Z_FINISH : Z_SYNC_FLUSH;
	int r = deflateReset(z);

	if (r == Z_OK && b->dictionary)
		r = deflateSetDictionary(
			z, b->in + WINDOW - b->dictionary, (uInt)b->dictionary);
	z->next_in = b->in + WINDOW;
	z->avail_in = (uInt)b->size;
	z->next_out = b->out;
	z->avail_out = (uInt)g->out_size;
	if (r == Z_OK)
		r = deflate(z, flush);
	b->packed = g->out_size - z->avail_out;
	b->sum = crc32(0, b->in + WINDOW, (uInt)b->size);
	b->result = r == (b->last ? Z_STREAM_END : Z_OK) && z->avail_out ? 0 : -EIO;
}

/* --- the threads -----------------------------------------------------------------------------
 */

static struct block *claim(struct gzip *g)
{
	struct block *b = NULL;

	(void)pthread_mutex_lock(&g->lock);
	while (!g->stop && g->claimed == g->given)
		(void)pthread_cond_wait(&g->changed, &g->lock);
	if (!g->stop)
		b = &g->ring[g->claimed++ % g->room];
	(void)pthread_mutex_unlock(&g->lock);
	return b;
}

static void *work(void *context)
{
	struct gzip *g = context;
	struct block *b;
	z_stream z;
	int ready = stream_init(g, &z);

	while ((b = claim(g))) {
		if (ready == Z_OK)
			pack_block(g, &z, b);
		else
			b->result = -ENOMEM;
		(void)pthread_mutex_lock(&g->lock);
		b->done = true;
		(void)pthread_cond_broadcast(&g->changed);
		(void)pthread_mutex_unlock(&g->lock);
	}
	(void)deflateEnd(&z);
	return NULL;
}

static void start(struct gzip *g)
{
	const unsigned wanted = share_threads();

	while (wanted > 1 && g->thread_count < wanted &&
		pthread_create(&g->threads[g->thread_count], NULL, work, g) == 0)
		g->thread_count++;
}

static void stop(struct gzip *g)
{
	(void)pthread_mutex_lock(&g->lock);
	g->stop = true;
	(void)pthread_cond_broadcast(&g->changed);
	(void)pthread_mutex_unlock(&g->lock);
	for (unsigned i = 0; i < g->thread_count; i++)
		(void)pthread_join(g->threads[i], NULL);
}

/* --- who puts --------------------------------------------------------------------------------
 */

static void give(struct gzip *g, void const *bytes, size_t size)
{
	if (g->failed == 0)
		g->failed = g->sink(bytes, size, g->context);
}

/* A header without a name and without a time: RFC 1952, 2.3.1. */
static void give_header(struct gzip *g)
{
	const unsigned char hint = g->level == 9 ? 2 : g->level == 1 ? 4 : 0;
	const unsigned char header[10] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, hint, 3 };

	if (!g->begun)
		give(g, header, sizeof(header));
	g->begun = true;
}

/* The oldest block, as soon as it is packed. */
static void give_block(struct gzip *g)
{
	struct block *b = &g->ring[g->written++ % g->room];

	(void)pthread_mutex_lock(&g->lock);
	while (!b->done)
		(void)pthread_cond_wait(&g->changed, &g->lock);
	(void)pthread_mutex_unlock(&g->lock);
	if (g->failed == 0)
		g->failed = b->result;
	give_header(g);
	give(g, b->out, b->packed);
	g->sum = crc32_combine(g->sum, b->sum, (z_off_t)b->size);
	g->size += (uint32_t)b->size;
}

/* The block to be filled, which was never used or has been written. */
static struct block *current(struct gzip *g)
{
	struct block *b = &g->ring[g->given % g->room];

	if (!b->in) {
		b->in = xmalloc(WINDOW + BLOCK);
		b->out = xmalloc(g->out_size);
	}
	return b;
}

/* Prepares the next: the end of the one before is its dictionary. */
static void prepare(struct gzip *g, const struct block *before)
{
	struct block *b;

	while (g->given - g->written == g->room)
		give_block(g);
	b = current(g);
	b->dictionary = before->size < WINDOW ? before->size : WINDOW;
	memcpy(b->in + WINDOW - b->dictionary,
		before->in + WINDOW + before->size - b->dictionary, b->dictionary);
	b->size = 0;
	b->last = b->done = false;
}

/* Hands a filled block over to be packed. A stream of one block needs nobody else. */
static void submit(struct gzip *g, bool last)
{
	struct block *b = current(g);

	b->last = last;
	if (!last && !g->thread_count)
		start(g);
	if (!g->thread_count) {
		pack_block(g, &g->own, b);
		b->done = true;
	}
	(void)pthread_mutex_lock(&g->lock);
	g->given++;
	(void)pthread_cond_broadcast(&g->changed);
	(void)pthread_mutex_unlock(&g->lock);
	if (!last)
		prepare(g, b);
}

struct gzip *gzip_new(int level, pack_sink *sink, void *context)
{
	struct gzip *g = xcalloc(1, sizeof(*g));

	g->sink = sink;
	g->context = context;
	g->level = level ? level : USUAL;
	g->room = 2 * (size_t)share_threads() + 1;
	g->ring = xcalloc(g->room, sizeof(*g->ring));
	(void)pthread_mutex_init(&g->lock, NULL);
	(void)pthread_cond_init(&g->changed, NULL);
	if (stream_init(g, &g->own) != Z_OK)
		g->failed = -ENOMEM;
	/* And a little for the flush, which deflateBound does not count. */
	g->out_size = deflateBound(&g->own, BLOCK) + 64;
	return g;
}

int gzip_put(struct gzip *g, const void *bytes, size_t size)
{
	const unsigned char *from = bytes;

	while (size && g->failed == 0) {
		struct block *b = current(g);
		size_t n = BLOCK - b->size < size ? BLOCK - b->size : size;

		memcpy(b->in + WINDOW + b->size, from, n);
		b->size += n;
		from += n;
		size -= n;
		if (b->size == BLOCK)
			submit(g, false);
	}
	return g->failed;
}

int gzip_end(struct gzip *g)
{
	unsigned char trailer[8];

	submit(g, true);
	while (g->written < g->given)
		give_block(g);
	for (int i = 0; i < 4; i++) {
		trailer[i] = (unsigned char)(g->sum >> (8 * i));
		trailer[4 + i] = (unsigned char)(g->size >> (8 * i));
	}
	give(g, trailer, sizeof(trailer));
	return g->failed;
}

void gzip_free(struct gzip *g)
{
	if (!g)
		return;
	stop(g);
	for (size_t i = 0; i < g->room; i++) {
		free(g->ring[i].in);
		free(g->ring[i].out);
	}
	free(g->ring);
	(void)deflateEnd(&g->own);
	(void)pthread_mutex_destroy(&g->lock);
	(void)pthread_cond_destroy(&g->changed);
	free(g);
}
