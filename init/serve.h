/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"

/*
 * The loop of process 1: waits for signals, forwards them, reaps, hears the control channel,
 * until the payload has ended. Sleeps without a timer while nothing happens.
 */
void serve(struct init *in);

/*
 * What the payload leaves behind is told to end (TERM, CONT), and killed after the grace, or at
 * once where that is 0; returns the moment nothing is left.
 */
void serve_end(struct init *in);
