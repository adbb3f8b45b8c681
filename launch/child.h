/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/cgroup.h"
#include "launch/plan.h"
#include "lib/attr.h"

/*
 * What runs in the new namespaces between clone3(2) and process 1: it carries the plan out,
 * step by step, and turns into cinit. Everything that it opens is closed by that.
 */
struct child {
	const struct plan *plan;
	const struct cgroup *cgroup;
	int record; /* descriptor of the boot record for process 1 */
	/*
	 * A socket of whole messages to cbox: a byte from there says go (with a user
	 * namespace); to there goes one byte with the terminal's descriptor, and the text of
	 * the error, if there is one. Its end is the news that process 1 runs.
	 */
	int report;
};

/* Signals are blocked and stay so: process 1 shall find those that came early. */
never_returns void child_run(const struct child *c);
