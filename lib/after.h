/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * A process that does nothing until the one that started it is gone without having dismissed it
 * (SIGKILL), and then does what is left to be done. What that process forks is waited for too.
 */
struct after {
	pid_t pid;
	int life; /* open as long as somebody lives who may not be cleaned up behind */
};

/*
 * `name` is what ps shows (15 bytes). The process is out of the reach of Ctrl-C, of a hangup
 * and of signals to the group, and holds no standard stream.
 */
int after_start(struct after *a, const char *name, void (*act)(void *context), void *context,
	struct err *e) must_check;

/* Sends it away, if it was started: nothing is left to be done. */
void after_dismiss(struct after *a);
