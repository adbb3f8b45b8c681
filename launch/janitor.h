/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>
#include <termios.h>

#include "launch/cgroup.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * A process that does nothing until cbox is gone without having tidied up (SIGKILL), and then
 * does: it removes the cgroups and gives the terminal its settings back. The container needs
 * none: it dies with cbox, and its mounts with it.
 */
struct janitor {
	pid_t pid;
	int life; /* open as long as cbox lives */
};

/*
 * To be started before the first cgroup is made. `terminal` is the descriptor whose settings
 * are to be restored to *settings; -1: none.
 */
int janitor_start(struct janitor *j, const struct cgroup *c, int terminal,
	const struct termios *settings, struct err *e) must_check;

/* Sends it away; its work has been done. */
void janitor_dismiss(struct janitor *j);
