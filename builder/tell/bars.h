/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "builder/image/image.h"

/*
 * Bars at the end of what stands on the terminal, one a layer that is being read, or one for
 * what is written; a thread of their own draws them ten times a second. Each ends with a new
 * line, so that whatever is printed next, by whomever and however we end, begins on a line of
 * its own. What passes through bars_say comes to stand above them.
 */
struct bars;

/* Bars on that terminal, from now on; NULL where a thread cannot be started. */
struct bars *bars_new(int fd);

/* The image whose layers are read, of which none is merged yet, or NULL. */
void bars_reading(struct bars *b, const struct image *image);

/* A line for a layer that is merged; it has no bar any more. */
void bars_merged(struct bars *b, const char *line);

/* Writing has begun: of about so many bytes (0: not known), by this process. */
void bars_writing(struct bars *b, const char *label, uint64_t total);

/* Removes the bars. Also for NULL. */
void bars_free(struct bars *b);
