/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/options.h"
#include "builder/output/output.h"
#include "lib/attr.h"
#include "lib/err.h"

/* What a verb writes: to standard output for `-o -`, else to a place that is whole or not
 * there. */
typedef int verb_writes(int fd, void *context, struct err *e);

/*
 * Calls `write` with a descriptor of the kind that the format has, in a process of its own
 * where there is something to be cleaned up. A signal that ends it ends us too.
 */
int verb_write(const struct cbuild_row *row, const struct output_format *format,
	verb_writes *write, void *context, struct err *e) must_check;
