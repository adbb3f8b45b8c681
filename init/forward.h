/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"

/*
 * Signals that are held back (-d): one of each may wait, as one of each may be pending in the
 * kernel.
 */
struct held {
	int64_t due[OPTIONS_DELAYS]; /* clock_ms() at which it is forwarded; 0: none waits */
};

/*
 * Passes a signal that reached cinit on to the payload, or to its group, after rewriting; with
 * a delay it is held. Nothing that kill(2) says is fatal: the payload may be another user's or
 * gone.
 */
void forward(struct init *in, struct held *h, int signal, const siginfo_t *info);

/* Forwards what is due. Returns milliseconds until the next is, -1 when none waits. */
int64_t forward_due(struct init *in, struct held *h);

/* Sends to the payload or its group what cinit itself means, with rewriting but no delay. */
void forward_now(struct init *in, int signal, const siginfo_t *info);
