/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * A process that does nothing until the one that started it is gone without having dismissed it
 * (SIGKILL), and then removes what that has begun. What that process forks is waited for too.
 */
struct keeper {
	pid_t pid;
	int life; /* open as long as somebody lives who may write to it */
};

/* To be started before `name`, below dir, is there, or right after. */
int keeper_start(struct keeper *k, int dir, const char *name, struct err *e) must_check;

/* Sends it away, if it was started: nothing is left to be removed. */
void keeper_dismiss(struct keeper *k);
