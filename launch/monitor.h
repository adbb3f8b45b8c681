/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "launch/relay.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * What cbox does while the container runs: every signal that it gets goes on to process 1, but
 * those that are about cbox itself; the terminal's bytes go to and fro; and the status comes
 * back.
 */
struct monitor {
	pid_t pid; /* process 1; 0 when it has ended */
	int pidfd;
	int signals; /* signalfd of all */
	struct relay relay;
};

/* Blocks all signals, so that none is lost from here on. *before is the mask that was. */
int monitor_init(struct monitor *m, sigset_t *before, struct err *e) must_check;
void monitor_release(struct monitor *m);

/* Ends the container where it still runs, as after an error. */
void monitor_end(struct monitor *m);

/* Waits for the end of process 1: its status, 128 and the signal's number, or -errno. */
int monitor_wait(struct monitor *m, struct err *e) must_check;
