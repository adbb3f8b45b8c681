/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Work in a process of its own, so that however that ends, somebody is still there to clean up
 * behind it.
 */
typedef int worker_function(void *context, struct err *e);

/*
 * Runs work(context) in a child and returns its result with its description. SIGINT, SIGTERM
 * and SIGHUP kill the child, and come back as -EINTR with *signal set: the caller cleans up and
 * dies of it. Nothing that the work changes in memory reaches the caller.
 */
int worker_run(worker_function *work, void *context, int *signal, struct err *e) must_check;

/* Ends this process by the signal, as if it had not been held. */
never_returns void worker_die(int signal);
