/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/opts.h"

/* cbuild's command line: options.def as a struct, and as the table for lib/opts.h. */
enum { VERB_BUILD = 1 };

struct cbuild_row {
#define OPT(...) OPT_ROW(__VA_ARGS__)
#include "builder/options.def"
#undef OPT
};

const struct opts_spec *cbuild_options(void);
