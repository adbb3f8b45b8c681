/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/opts.h"

/* cbuild's command line: options.def as a struct, and as the table for lib/opts.h. */
enum {
	VERB_BUILD = 1, /* without a word of its own: cbuild IMAGE -o OUT */
	VERB_INSPECT = 2,
	VERB_DIFF = 4,
	VERB_LAYER = 8,
	VERB_COMMIT = 16,
	VERB_READS = VERB_BUILD | VERB_INSPECT | VERB_DIFF | VERB_COMMIT,
	VERB_WRITES = VERB_BUILD | VERB_LAYER | VERB_COMMIT,
};

struct cbuild_row {
#define OPT(...) OPT_ROW(__VA_ARGS__)
#include "builder/options.def"
#undef OPT
};

const struct opts_spec *cbuild_options(void);
