/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "builder/build.h"
#include "builder/output/output.h"

/*
 * --explain: what is done, in the words of a shell that knows gzip, tar and mkfs, and no
 * cbuild. ROOT is where a shell would need a directory; cbuild holds the tree in memory
 * instead.
 */

/* A layer before it is merged: its sums, its whiteouts, then what it holds. */
void explain_layer(FILE *out, const struct image *image, const struct build_layer *layer,
	const struct entry_list *entries);

/* What is put in and changed throughout. */
void explain_changes(FILE *out, const struct build_request *q, const struct build *b);

/* How it is written to `path`. */
void explain_output(
	FILE *out, const struct build *b, const struct output_format *format, const char *path);
