/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"

/*
 * Sends a signal to everything that cinit is responsible for: as process 1 to all of the pid
 * namespace or machine, else to its children and theirs, which /proc lists.
 */
void descendants_signal(const struct init *in, int signal);
