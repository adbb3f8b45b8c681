/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * One run of a payload, measured from outside: a program is started with its output in our
 * pipes, and what `cinit --facts` tells in front of the payload's own output is taken out of
 * it.
 */
struct facts {
	char kernel[65], hostname[65], pid1[17];
	struct buf processes; /* "1 cinit\n2 redis-server\n", as the payload saw them */
	size_t process_count, threads;
	int64_t first_ns;    /* until the first byte behind the facts; -1: none came */
	int64_t ended_ns;    /* until the program had ended */
	uint64_t memory_kib; /* the most that it and all below it had: summed PSS */
	int status;          /* as a shell tells it */
	bool stopped;        /* by us, when its time was over */
	bool complete;       /* all facts came */
	struct buf output;   /* the payload's, both streams, at most FACTS_OUTPUT bytes */
};

enum { FACTS_OUTPUT = 64 * 1024 };

void facts_init(struct facts *f);
void facts_release(struct facts *f);

/*
 * Runs argv (NULL-ended) and fills *f. `limit_ms` after the facts came (or should have, in a
 * minute) it gets SIGTERM, and 10 s later SIGKILL.
 */
int facts_measure(
	const char *const *argv, int64_t limit_ms, struct facts *f, struct err *e) must_check;

/* Takes bytes of standard output: facts first, then the payload's. `ns` is the time now. */
void facts_take(
	struct facts *f, struct buf *pending, const char *bytes, size_t size, int64_t ns);
