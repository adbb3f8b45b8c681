/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <termios.h>

#include "launch/cgroup.h"
#include "lib/after.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * A process that does nothing until cbox is gone without having tidied up (SIGKILL), and then
 * does: it removes the cgroups and gives the terminal its settings back. The container needs
 * none: it dies with cbox, and its mounts with it. after_dismiss sends it away.
 *
 * To be started before the first cgroup is made. `terminal` is the descriptor whose settings
 * are to be restored to *settings; -1: none.
 */
int janitor_start(struct after *j, const struct cgroup *c, int terminal,
	const struct termios *settings, struct err *e) must_check;
