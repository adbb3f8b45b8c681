/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * Other programs, started by name through $PATH, never through a shell. Descriptors other than
 * 0, 1 and 2 do not reach them; signal dispositions and mask are the default ones; they are
 * killed when the thread that started them ends.
 */
struct spawn {
	const char *const *argv; /* NULL-ended */
	int dir;                 /* working directory; -1: ours */
	int in, out, error;      /* what becomes 0, 1, 2; -1: /dev/null (error: ours) */
};

/* Starts it; *pid is to be waited for. A program that cannot be found is -ENOENT. */
int spawn_start(const struct spawn *s, pid_t *pid, struct err *e) must_check;

/* Waits; 0, or -EIO with "'mkfs.erofs' exited with status 1" in e. */
int spawn_wait(pid_t pid, const char *name, struct err *e) must_check;

/* Starts it, reads its standard output into `out` (at most 16 MiB) and waits. */
int spawn_capture(const char *const *argv, struct buf *out, struct err *e) must_check;
