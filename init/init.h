/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "boot/boot.h"
#include "init/options.h"

/*
 * What process 1 knows, on main's stack. It has no heap; the boot record lies in a mapping of
 * its own that is given back once the payload runs.
 */
enum init_role {
	ROLE_SUBREAPER, /* not process 1: reaps what it is given, touches nothing else */
	ROLE_CONTAINER, /* process 1 of a pid namespace */
	ROLE_MACHINE,   /* process 1 of a kernel of its own: never returns */
};

struct watch;

struct init {
	struct options options;
	enum init_role role;
	struct watch *watch; /* of a machine; NULL elsewhere */
	uint64_t old_mask;   /* signals blocked when cinit was started: the payload's mask */
	bool fresh;          /* the payload shall have the default dispositions */
	bool chld_ignored;   /* SIGCHLD was: so it shall be for the payload */

	/* What is kept of the record when it has been given back. */
	uint32_t grace; /* milliseconds */
	int stop_signal;
	enum boot_finish finish;

	pid_t payload; /* 0 when it has ended */
	int status;    /* then: what cinit exits with */
	int killed_by; /* then: the signal, or 0 */
};
