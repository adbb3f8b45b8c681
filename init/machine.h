/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"
#include "init/record.h"

/*
 * Whether this process 1 is that of a whole kernel, not of a pid namespace. Mounts /proc, which
 * tells, where it is missing.
 */
bool machine_is(int verbosity);

/*
 * Brings the machine up to where the payload can start. 0, or -errno when there is no sense in
 * going on (no root, a record that cannot be read); what is wrong has been said.
 */
int machine_up(struct init *in, struct record *r);

/* Reports the status to the host and brings the machine down. */
void machine_down(struct init *in) __attribute__((noreturn));
