/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/opts.h"

/* cbox's command line: options.def as a struct, and as the table for lib/opts.h. */
enum {
	VERB_RUN = 1,
	VERB_BOOT = 2,
	VERB_COMPARE = 4,
	VERB_MACHINE = VERB_BOOT | VERB_COMPARE,
	VERB_RECORD = VERB_RUN | VERB_BOOT, /* those that change one boot record */
};

struct cbox_row {
#define OPT(...) OPT_ROW(__VA_ARGS__)
#include "cbox/options.def"
#undef OPT
};

const struct opts_spec *cbox_options(void);
