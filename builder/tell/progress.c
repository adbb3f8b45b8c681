/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tell/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "builder/tell/explain.h"
#include "builder/tree/content.h"
#include "lib/term.h"

const char *human_size(uint64_t bytes, char to[HUMAN_SIZE])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB",
		"EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(to, HUMAN_SIZE, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return to;
}

/* --- layers and output -----------------------------------------------------------------------
 */

static void put_layer(struct buf *to, const struct build_layer *layer)
{
	char size[HUMAN_SIZE];

	buf_printf(to, "layer %zu of %zu", layer->number, layer->total);
	if (layer->digest)
		buf_printf(to, " %.19s", layer->digest);
	if (layer->size)
		buf_printf(to, ", %s", human_size(layer->size, size));
	buf_printf(to, ": %" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " removed",
		layer->counts.added, layer->counts.changed, layer->counts.removed);
}

static void read_entries(const struct image *image, const struct build_layer *layer,
	const struct entry_list *entries, void *context)
{
	const struct progress *p = context;

	if (p->explain)
		explain_layer(stderr, image, layer, entries);
}

static void merged(const struct build_layer *layer, void *context)
{
	const struct progress *p = context;
	auto_buf struct buf line = { 0 };

	if (p->quiet)
		return;
	put_layer(&line, layer);
	if (p->bars)
		bars_merged(p->bars, line.bytes);
	else
		fprintf(stderr, "%s%s\n", p->explain ? "# " : "", line.bytes);
}

static void reading(const struct image *image, void *context)
{
	const struct progress *p = context;

	if (p->bars)
		bars_reading(p->bars, image);
}

static const struct build_events events = { reading, read_entries, merged };

void progress_begin(struct progress *p, const struct cbuild_row *row, struct build_request *q)
{
	bool draw = !row->quiet && !row->explain && term_can_draw(STDERR_FILENO);

	*p = (struct progress){ draw ? bars_new(STDERR_FILENO) : NULL, row->quiet,
		row->explain };
	q->events = row->quiet && !row->explain ? NULL : &events;
	q->context = p;
}

/* Files that the reader has put in place need no writing. */
static uint64_t bytes_of(const struct tree *t)
{
	const struct node *root = tree_root(t);
	uint64_t bytes = 0;

	for (const struct node *n = root; (n = tree_next(root, n));) {
		const struct content *c = n->inode->content;

		if (c && !c->is_file)
			bytes += c->size / n->inode->links;
	}
	return bytes;
}

void progress_writing(
	struct progress *p, const struct build *b, const struct output_format *format)
{
	/* How many bytes come out is known of what neither packs nor copies them twice. */
	bool known = !format->filter && format->write != output_oci_archive;

	if (p->bars)
		bars_writing(p->bars, "writing", known ? bytes_of(b->tree) : 0);
}

void progress_syncing(struct progress *p, int fd)
{
	if (!p->bars || fd == STDOUT_FILENO)
		return;
	bars_writing(p->bars, "waiting for the disk", 0);
	(void)syncfs(fd);
}

void progress_end(struct progress *p)
{
	bars_free(p->bars);
	p->bars = NULL;
}

/* --- notes -----------------------------------------------------------------------------------
 */

void progress_notes(const struct buf *lines)
{
	const char *line = lines->bytes;

	while (line && *line) {
		int length = (int)strcspn(line, "\n");

		fprintf(stderr, "cbuild: note: %.*s\n", length, line);
		line += length + (line[length] == '\n');
	}
}
