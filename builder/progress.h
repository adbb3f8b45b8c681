/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "builder/build.h"
#include "lib/buf.h"

/* What cbuild tells on standard error while it works, and afterwards. */

/* One line for a layer that is in the tree; a build_progress. */
void progress_layer(const struct build_layer *layer, void *context);

/* Each line as "cbuild: note: …". */
void progress_notes(const struct buf *lines);

enum { HUMAN_SIZE = 24 };

/* "12.3 MiB", written to `to`, which is returned. */
const char *human_size(uint64_t bytes, char to[HUMAN_SIZE]);
