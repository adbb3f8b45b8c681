/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Compression of a stream that is pushed through, the other way of lib/unpack.h: "gzip",
 * "zstd", or NULL for none. The same bytes in are the same bytes out, whatever the time of day.
 */
struct pack;

/* Takes the packed bytes; returns 0 or -errno. */
typedef int pack_sink(const void *bytes, size_t size, void *context);

/* `level` is the format's own, 1 and up; 0: the usual one. */
int pack_new(const char *format, int level, pack_sink *sink, void *context, struct pack **out,
	struct err *e) must_check;

enum { PACK_GZIP_MAX = 9, PACK_ZSTD_MAX = 22 };

/* Pushes bytes in. Returns 0 or -errno, the sink's own where that failed, without a
 * description. */
int pack_put(struct pack *p, const void *bytes, size_t size) must_check;

/* Ends the stream: what is left goes to the sink. The same results. */
int pack_end(struct pack *p) must_check;

/* Frees it, which may be NULL; a stream that was not ended goes nowhere any more. */
void pack_free(struct pack *p);
