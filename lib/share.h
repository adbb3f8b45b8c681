/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Work that several threads divide among them while it is done: who works asks now and then
 * whether somebody has nothing to do, and hands over a piece of what lies before it.
 */
struct share;

enum { SHARE_THREADS_MAX = 16 };

/* Does a piece, which it owns from here on, in thread number `thread`. 0 or -errno. */
typedef int share_work(
	struct share *s, void *piece, unsigned thread, void *context, struct err *e);

/* How many threads are worth it: one for each processor that this process may use. */
unsigned share_threads(void);

/*
 * Does `first`, and all that is given away on the way, in so many threads, of which the caller
 * is number 0. After a failure, which is the result, what was given is still handed to `work`:
 * share_stopped tells it to do no more than to let go of it.
 */
int share_run(share_work *work, void *first, unsigned threads, void *context,
	struct err *e) must_check;

/* Whether a thread waits for work: cheap enough to ask at every step. */
bool share_wanted(const struct share *s);

/* Gives a piece away; false, and it stays the caller's, where nobody waits for it any more. */
bool share_give(struct share *s, void *piece) must_check;

/* Whether some piece has failed. */
bool share_stopped(const struct share *s);
