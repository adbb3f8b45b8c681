/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * How much an image may ask for. Readers count what they decompress, the merge counts what
 * comes out; 0 is no limit. The defaults let every image of the field through and stop what is
 * made to fill a disk.
 */
struct limits {
	uint64_t size;    /* bytes: of all layers unpacked, and of one file with its holes */
	uint64_t entries; /* of all layers together */
	uint64_t ratio;   /* bytes out of a layer for each byte of it that was read */
};

#define LIMITS_DEFAULT                                                   \
	(struct limits)                                                  \
	{                                                                \
		.size = 256ULL << 30, .entries = 20000000, .ratio = 1100 \
	}

/* Whether `given` bytes may come out of `taken` that were read: -EFBIG, and what allows more.
 */
int limits_check(
	const struct limits *l, uint64_t taken, uint64_t given, struct err *e) must_check;
