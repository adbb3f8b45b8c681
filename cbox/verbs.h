/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cbox/options.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * cbox's verbs, a file each. A verb returns the exit status that cbox ends with (the payload's,
 * where it runs one), or -errno, or CBOX_USAGE with the complaint in *e.
 */
enum { CBOX_USAGE = -4096 }; /* wrong usage: no errno has this number */

int cbox_run(
	const struct cbox_row *row, const struct opt_list *operands, struct err *e) must_check;
int cbox_boot(
	const struct cbox_row *row, const struct opt_list *operands, struct err *e) must_check;
int cbox_compare(
	const struct cbox_row *row, const struct opt_list *operands, struct err *e) must_check;
