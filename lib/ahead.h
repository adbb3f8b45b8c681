/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * A stream that a thread of its own makes, a few pieces ahead of those that take it. Every
 * taker sees all of it, each at its own pace and in a thread of its own.
 */
struct ahead;

enum { AHEAD_PIECE = 256 * 1024, AHEAD_TAKERS_MAX = 2 };

/* Makes the next piece, of at most `room` bytes; *size is 0 at the end. 0 or -errno. */
typedef int ahead_fill(void *context, void *to, size_t room, size_t *size, struct err *e);

int ahead_start(ahead_fill *fill, void *context, unsigned takers, struct ahead **out,
	struct err *e) must_check;

/*
 * The taker's next piece, which stays until it asks again; 0 bytes at the end. What filling
 * failed with comes behind the last whole piece.
 */
int ahead_next(struct ahead *a, unsigned taker, const void **bytes, size_t *size,
	struct err *e) must_check;

/* Ends the stream where it is: takers find its end. Then waits for the thread. */
void ahead_stop(struct ahead *a);
void ahead_free(struct ahead *a);
