/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

void progress_layer(const struct build_layer *layer, void *context)
{
	char size[HUMAN_SIZE];

	(void)context;
	fprintf(stderr, "layer %zu of %zu", layer->number, layer->total);
	if (layer->digest)
		fprintf(stderr, " %.19s", layer->digest);
	if (layer->size)
		fprintf(stderr, ", %s", human_size(layer->size, size));
	fprintf(stderr, ": %" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " removed\n",
		layer->counts.added, layer->counts.changed, layer->counts.removed);
}

void progress_notes(const struct buf *lines)
{
	const char *line = lines->bytes;

	while (line && *line) {
		int length = (int)strcspn(line, "\n");

		fprintf(stderr, "cbuild: note: %.*s\n", length, line);
		line += length + (line[length] == '\n');
	}
}
