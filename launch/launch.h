/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "launch/plan.h"
#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * Runs a container as the plan says and returns its status: what process 1 ended with, or 128
 * and the number of the signal that ended it; -errno when it never ran. `rootfs` is the
 * descriptor of the plan's directory (the working directory becomes it), `record` the boot
 * record for process 1. *grouped says whether it had cgroups of its own.
 *
 * All signals but SIGKILL and SIGSTOP go to process 1 meanwhile. Whatever ends the caller ends
 * the container, and leaves no mount, process or cgroup behind.
 */
int launch_run(const struct plan *p, int rootfs, const struct buf *record, bool *grouped,
	struct err *e) must_check;
