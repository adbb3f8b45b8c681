/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/output/meta.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * A directory whose files all belong to who makes it: what the image says of them is kept in
 * attributes, as builder/tree/kept.h has it, and read again by builder/image.
 *
 * What is really set is a mode that lets the owner in and nobody else write, so that nobody
 * else can change what is kept: setting such an attribute takes the right to write.
 */

/* As meta_apply. */
int rootless_apply(struct meta *m, const struct meta_target *to, struct err *e) must_check;

/* Notes how much is kept in attributes, and what could not be. */
void rootless_add(struct meta_kept *k, const struct meta_kept *more);
void rootless_report(const struct meta_kept *k, const struct output *o);
