/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "builder/build.h"
#include "builder/options.h"
#include "builder/output/output.h"
#include "builder/tell/bars.h"
#include "lib/buf.h"

/* What cbuild tells on standard error while it works, and afterwards. */

/*
 * On a terminal, a bar for each layer that is being read and one for what is written, where
 * either takes a while; a line for each layer that is in the tree, wherever that goes. Where
 * standard error is no terminal, nothing but these lines.
 */
struct progress {
	struct bars *bars; /* NULL: lines only */
	bool quiet, explain;
};

/*
 * Lets the request tell of its work; nothing is told with --quiet, and with --explain each step
 * in the words of a shell, without bars.
 */
void progress_begin(struct progress *p, const struct cbuild_row *row, struct build_request *q);
void progress_writing(
	struct progress *p, const struct build *b, const struct output_format *format);
/* Waits for the disk, and says so, where there are bars: whoever syncs then waits no more. */
void progress_syncing(struct progress *p, int fd);
void progress_end(struct progress *p);

/* Each line as "cbuild: note: …". */
void progress_notes(const struct buf *lines);

enum { HUMAN_SIZE = 24 };

/* "12.3 MiB", written to `to`, which is returned. */
const char *human_size(uint64_t bytes, char to[HUMAN_SIZE]);
