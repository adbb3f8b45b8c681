/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/build.h"
#include "builder/options.h"
#include "builder/output/output.h"

/* What cbuild is to do, out of its command line and environment; checked before anything acts.
 */
struct plan {
	struct cbuild_row row;
	struct opt_list inputs;
	const struct output_format *format;
	struct build_request request;
	bool usage; /* what went wrong is the command line */
};

/* SOURCE_DATE_EPOCH, where it is set: later times become this one. */
int plan_epoch(struct adjust *a, struct err *e) must_check;

/* Whether --compression-format and --compression-level are a pair that there is for that use.
 */
enum { PLAN_FOR_IMAGE = 1, PLAN_FOR_SQUASHFS = 2 };
int plan_compression(const struct cbuild_row *row, unsigned use, struct err *e) must_check;

/* How the command line asks for images to be read; every verb that reads one has these options.
 */
void plan_image_options(const struct cbuild_row *row, struct image_options *to);

enum { PLAN_ACT = 0, PLAN_SHOWN = 1 };

/* PLAN_SHOWN when help or version was asked for and printed. plan_release also after failure.
 */
int plan_make(struct plan *p, char **argv, struct err *e) must_check;
void plan_release(struct plan *p);

/* --dry-run: prints what would be written. */
int plan_describe(const struct plan *p, struct build *b, struct err *e) must_check;
