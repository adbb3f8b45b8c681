/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * Other programs, started by name through $PATH, never through a shell. Descriptors other than
 * those named do not reach them; signal dispositions and mask are the default ones; they are
 * killed when the thread that started them ends.
 */
enum { SPAWN_MORE_MAX = 16 };

struct spawn {
	const char *const *argv; /* NULL-ended */
	int dir;                 /* working directory; -1: ours */
	int in, out, error;      /* what becomes 0, 1, 2; -1: /dev/null (error: ours) */
	const int *more;         /* what becomes 3, 4, …; -1: nothing there */
	size_t more_count;
	bool own_group; /* signals of our terminal do not reach it */
};

/* Starts it; *pid is to be waited for. A program that cannot be found is -ENOENT. */
int spawn_start(const struct spawn *s, pid_t *pid, struct err *e) must_check;

/* Waits; 0, or -EIO with "'tar2sqfs' exited with status 1" in e. */
int spawn_wait(pid_t pid, const char *name, struct err *e) must_check;

/* Starts it, reads its standard output into `out` (at most 16 MiB) and waits. */
int spawn_capture(const char *const *argv, struct buf *out, struct err *e) must_check;

/* Whether $PATH has a program of that name. */
bool spawn_finds(const char *name);
