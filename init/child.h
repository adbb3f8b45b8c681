/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"

struct child {
	const char **argv;      /* NULL-ended, with one word in front that may be overwritten */
	const char *const *env; /* NULL-ended */
	const struct boot *record; /* who and where the payload is; NULL: as cinit is */
	const int
		*streams; /* three descriptors that become 0, 1, 2 (-1: as it is); NULL: none */
	bool stdin_null;
	bool new_session; /* with standard input as the controlling terminal */
};

/*
 * Starts the payload without copying this process (CLONE_VM, as vfork(2) does), in a process
 * group of its own, in the foreground of the terminal where cinit was, with the signal mask and
 * dispositions that cinit was given. When it returns, the payload's program has started, or
 * could not be: then its exit status (126, 127) says so. Sets in->payload. 0 or -errno.
 */
int child_start(struct init *in, const struct child *c);

/* Replaces this process by it instead: only returns, with -errno, when that fails. */
int child_become(struct init *in, const struct child *c);
