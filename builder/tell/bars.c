/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tell/bars.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builder/tell/bar.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"
#include "lib/term.h"

/* ECMA-48: cursor up, erase to the end of the line, erase to the end of the screen. */
#define UP        "\033[%zuA"
#define END_LINE  "\033[K"
#define END_BELOW "\033[J"

enum { TICK_MS = 100, PATIENCE_MS = 250, BARS_MAX = 64, LABEL = 64, AWAY_S = 3 };

struct bars {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
	const struct image *image; /* being read */
	size_t merged;             /* of its layers */
	double *began;             /* by layer: the last time when it had not moved */
	const char *label;         /* of what is written, or NULL */
	uint64_t total, before;    /* bytes to write; what had been written by then */
	double since;              /* when that, or the image, began */
	double drawn;              /* when the lines were */
	size_t widths[BARS_MAX];   /* of the lines that stand there */
	size_t lines;
};

static double now(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * How many bytes this process has read or written, whichever is more: proc(5), /proc/PID/io.
 * Writers need not count, and what they pack, copy in the kernel or pipe to others counts too.
 */
static uint64_t moved(void)
{
	auto_close int fd = openat(AT_FDCWD, "/proc/self/io", O_RDONLY | O_CLOEXEC);
	uint64_t in = 0, out = 0;
	char text[512];
	ssize_t n = fd < 0 ? 0 : io_read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "rchar: %" SCNu64 " wchar: %" SCNu64, &in, &out) < 2)
		return 0;
	return in > out ? in : out;
}

/* --- drawing ---------------------------------------------------------------------------------
 */

/* How many rows the lines that stand there take, also where the terminal is narrower now. */
static size_t rows_above(const struct bars *b, uint32_t columns)
{
	size_t rows = 0;

	for (size_t i = 0; i < b->lines; i++)
		rows += b->widths[i] ? (b->widths[i] + columns - 1) / columns : 1;
	return rows;
}

static void add_line(struct bars *b, const struct bar *bar, uint32_t columns, struct buf *to)
{
	size_t before = to->size;

	/* The last column is left free: writing there makes some terminals wrap. */
	bar_line(bar, columns - 1, to);
	b->widths[b->lines++] = to->size - before;
	buf_puts(to, END_LINE "\n");
}

static void add_layers(struct bars *b, uint32_t columns, size_t room, struct buf *to)
{
	size_t count = image_layer_count(b->image);

	for (size_t i = b->merged; i < count && b->lines < room; i++) {
		struct bar bar = { .done = image_layer_progress(b->image, i) };
		char label[LABEL];

		if (!bar.done)
			continue;
		(void)snprintf(label, sizeof(label), "layer %zu of %zu", i + 1, count);
		bar.label = label;
		bar.total = image_layer(b->image, i)->size;
		bar.seconds = now() - b->began[i];
		add_line(b, &bar, columns, to);
	}
}

static void add_writing(struct bars *b, uint32_t columns, struct buf *to)
{
	struct bar bar = { .label = b->label, .total = b->total };
	uint64_t all = moved();

	bar.done = all > b->before ? all - b->before : 0;
	if (bar.total && bar.done > bar.total)
		bar.done = bar.total;
	bar.seconds = now() - b->since;
	add_line(b, &bar, columns, to);
}

/* Replaces what stands there by `line`, where there is one, and the bars as they are now. */
static void draw(struct bars *b, const char *line, bool with_bars)
{
	uint32_t rows = 24, columns = 80;
	auto_buf struct buf out = { 0 };
	size_t above;

	/* In the background, or after a stop, others have written below them. */
	if (!term_in_front(b->fd) || now() - b->drawn > AWAY_S)
		b->lines = 0;
	b->drawn = now();
	(void)term_size(b->fd, &rows, &columns);
	above = rows_above(b, columns);
	if (above)
		buf_printf(&out, UP "\r", above);
	b->lines = 0;
	if (line)
		buf_printf(&out, "%s" END_LINE "\n", line);
	if (with_bars && columns > 1 && term_in_front(b->fd) &&
		now() - b->since >= PATIENCE_MS / 1e3) {
		if (b->image)
			add_layers(b, columns, rows > BARS_MAX ? BARS_MAX : rows - 1, &out);
		else if (b->label)
			add_writing(b, columns, &out);
	}
	if (above)
		buf_puts(&out, END_BELOW);
	if (out.size && io_write(b->fd, out.bytes, out.size) < 0)
		b->lines = 0;
}

static void look_for_beginnings(struct bars *b)
{
	for (size_t i = b->merged; b->image && i < image_layer_count(b->image); i++)
		if (!image_layer_progress(b->image, i))
			b->began[i] = now();
}

static void *work(void *context)
{
	struct bars *b = context;

	(void)pthread_mutex_lock(&b->lock);
	while (!b->stop) {
		struct timespec until;

		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TICK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_cond_timedwait(&b->changed, &b->lock, &until) != ETIMEDOUT)
			continue;
		look_for_beginnings(b);
		if (b->image || b->label)
			draw(b, NULL, true);
	}
	(void)pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* --- telling ---------------------------------------------------------------------------------
 */

struct bars *bars_new(int fd)
{
	struct bars *b = xcalloc(1, sizeof(*b));
	pthread_condattr_t attr;

	b->fd = fd;
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&b->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (pthread_create(&b->thread, NULL, work, b) == 0)
		return b;
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
	return NULL;
}

void bars_reading(struct bars *b, const struct image *image)
{
	(void)pthread_mutex_lock(&b->lock);
	free(b->began);
	b->began = image ? xcalloc(image_layer_count(image), sizeof(*b->began)) : NULL;
	b->image = image;
	b->merged = 0;
	b->since = now();
	look_for_beginnings(b);
	if (!image)
		draw(b, NULL, false);
	(void)pthread_mutex_unlock(&b->lock);
}

void bars_merged(struct bars *b, const char *line)
{
	(void)pthread_mutex_lock(&b->lock);
	b->merged++;
	draw(b, line, true);
	(void)pthread_mutex_unlock(&b->lock);
}

void bars_writing(struct bars *b, const char *label, uint64_t total)
{
	(void)pthread_mutex_lock(&b->lock);
	b->label = label;
	b->total = total;
	b->before = moved();
	b->since = now();
	(void)pthread_mutex_unlock(&b->lock);
}

void bars_free(struct bars *b)
{
	if (!b)
		return;
	(void)pthread_mutex_lock(&b->lock);
	b->stop = true;
	(void)pthread_cond_signal(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	(void)pthread_join(b->thread, NULL);
	draw(b, NULL, false);
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
	free(b->began);
	free(b);
}
