/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "lib/pack.h"

/*
 * gzip (RFC 1952), packed by all processors: the stream is cut into blocks of one size, each
 * packed by zlib with the end of the block before as its dictionary, and put together again as
 * one member. The bytes depend on the level and on zlib, never on who has packed which block.
 */
struct gzip;

/* `level` 1 to 9, or 0 for 6. The sink is called in the thread of who puts. */
struct gzip *gzip_new(int level, pack_sink *sink, void *context) must_check;

/* 0 or -errno, the sink's own where that failed. */
int gzip_put(struct gzip *g, const void *bytes, size_t size) must_check;
int gzip_end(struct gzip *g) must_check;
void gzip_free(struct gzip *g);
