/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* One line of a progress bar, in plain ASCII without colours, as wide as there is room. */
struct bar {
	const char *label;
	uint64_t done, total; /* bytes; total 0: not known */
	double seconds;       /* that it took until now */
};

/*
 * Adds the line to `to`, of at most `columns` characters. Where these are few, first the bar
 * goes, then the rate, the bytes, the time left, and last of all the end of the label.
 */
void bar_line(const struct bar *b, size_t columns, struct buf *to);
