/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tell/bar.h"

#include <stdio.h>
#include <string.h>

#include "builder/tell/progress.h"

enum { BAR_MIN = 12, BAR_MAX = 42, PIECE = 64, PIECES = 4 };

static double share_of(const struct bar *b)
{
	return !b->total ? 0 : b->done >= b->total ? 1 : (double)b->done / (double)b->total;
}

static double rate_of(const struct bar *b)
{
	return b->seconds > 0 ? (double)b->done / b->seconds : 0;
}

static void put_percent(const struct bar *b, char to[PIECE])
{
	if (b->total)
		(void)snprintf(to, PIECE, "%3.0f%%", share_of(b) * 100);
}

static void put_left(const struct bar *b, char to[PIECE])
{
	double rate = rate_of(b), left = b->done < b->total ? (double)(b->total - b->done) : 0;
	unsigned long seconds;

	if (!b->total || rate <= 0 || left / rate > 359999)
		return;
	seconds = (unsigned long)(left / rate + 0.5);
	if (seconds >= 3600)
		(void)snprintf(to, PIECE, "%lu:%02lu:%02lu left", seconds / 3600,
			seconds / 60 % 60, seconds % 60);
	else
		(void)snprintf(to, PIECE, "%lu:%02lu left", seconds / 60, seconds % 60);
}

static void put_bytes(const struct bar *b, char to[PIECE])
{
	char done[HUMAN_SIZE], total[HUMAN_SIZE];

	(void)snprintf(to, PIECE, b->total ? "%s of %s" : "%s", human_size(b->done, done),
		human_size(b->total, total));
}

static void put_rate(const struct bar *b, char to[PIECE])
{
	char rate[HUMAN_SIZE];

	if (b->done && b->seconds > 0)
		(void)snprintf(to, PIECE, "%s/s", human_size((uint64_t)rate_of(b), rate));
}

/* What is nearest to the label is left out last. */
static void (*const pieces[PIECES])(const struct bar *b, char to[PIECE]) = {
	put_percent,
	put_left,
	put_bytes,
	put_rate,
};

static void put_bar(struct buf *to, double share, size_t width)
{
	size_t inner = width - 2, full = (size_t)(share * (double)inner);

	buf_puts(to, " [");
	for (size_t i = 0; i < inner; i++)
		buf_putc(to, i < full ? '=' : i == full ? '>' : ' ');
	buf_putc(to, ']');
}

void bar_line(const struct bar *b, size_t columns, struct buf *to)
{
	char texts[PIECES][PIECE] = { "" };
	size_t used = strlen(b->label), shown = 0;

	for (; shown < PIECES; shown++) {
		size_t more;

		pieces[shown](b, texts[shown]);
		more = *texts[shown] ? 2 + strlen(texts[shown]) : 0;
		if (used + more > columns)
			break;
		used += more;
	}
	buf_printf(to, "%.*s", (int)(columns < used ? columns : used), b->label);
	if (b->total && shown == PIECES && columns > used + BAR_MIN)
		put_bar(to, share_of(b),
			columns - used - 1 < BAR_MAX ? columns - used - 1 : BAR_MAX);
	for (size_t i = 0; i < shown; i++)
		if (*texts[i])
			buf_printf(to, "  %s", texts[i]);
}
