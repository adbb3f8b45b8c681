/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"

/*
 * Reaping. A SIGCHLD names one child in its siginfo: that one is waited for by its pid, which
 * costs the same however many children there are, where waitpid(-1) looks at all of them. But
 * SIGCHLD does not queue: while one is pending, the next are lost. So behind a SIGCHLD comes a
 * sweep over all children, once no more signals come for REAP_SETTLE_MS, or, while they keep
 * coming, every REAP_SWEEP_MS.
 */
enum { REAP_SETTLE_MS = 20, REAP_SWEEP_MS = 500 };

struct reaper {
	int64_t since; /* clock_ms() of the first signal that no sweep has followed; 0: none */
};

/* After a SIGCHLD: reaps the child that it names, and the payload if it has ended. */
void reap_signalled(struct init *in, struct reaper *r, const siginfo_t *info);

/* Reaps all that can be reaped. Returns how many; -ECHILD when there is no child left at all.
 */
int reap_sweep(struct init *in, struct reaper *r);

/* Milliseconds until a sweep is due, 0 when it is now, -1 when none is. */
int64_t reap_due(const struct reaper *r);
