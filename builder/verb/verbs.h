/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/options.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * cbuild's verbs, a file each. A verb returns the exit status that cbuild ends with, or -errno,
 * or CBUILD_USAGE with the complaint in *e.
 */
enum { CBUILD_USAGE = -4096 }; /* wrong usage: no errno has this number */

int verb_inspect(const struct cbuild_row *row, const struct opt_list *operands,
	struct err *e) must_check;

int verb_diff(const struct cbuild_row *row, const struct opt_list *operands,
	struct err *e) must_check;
int verb_commit(const struct cbuild_row *row, const struct opt_list *operands,
	struct err *e) must_check;
int verb_layer(const struct cbuild_row *row, const struct opt_list *operands,
	struct err *e) must_check;

/* Runs the verb that argv[0] names; returns the exit status. */
int verb_main(char **argv);
