/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "qemu/klog.h"
#include "qemu/machine.h"

/*
 * A machine from start to end: QEMU runs as a child that does not outlive us, its ports end
 * here in sockets, and the payload's streams, signals and exit status pass through. Nothing of
 * it has a name on the disk.
 */
struct vm_streams {
	int in;           /* -1: the payload has no input */
	bool counted;     /* the payload has pipes, and no terminal: boot.h counts its input */
	int out, error;   /* where its output goes; error also gets the kernel's when verbose */
	bool terminal;    /* `in` is a terminal, raw from when the payload runs until it ends */
	bool verbose;     /* show what the kernel says */
	uint32_t stop_ms; /* from SIGTERM until the machine is ended from outside; 0: never */
};

struct vm_report {
	int status;         /* the payload's; BOOT_STATUS_LOST: the machine never said */
	bool started;       /* the payload ran */
	int64_t started_ns; /* from QEMU's start to the payload's, to the first byte that it */
	int64_t first_ns;   /* wrote, and to its end, as the host heard of them; -1: never */
	int64_t ended_ns;
	uint64_t memory_kib; /* the most that QEMU had in memory */
	struct klog klog;    /* the end of what the kernel said */
};

/* Descriptors of files, which stay the caller's; -1: none. */
struct vm_files {
	int record; /* the boot record */
	int initrd; /* where the plan names no path */
	int disk;   /* where the plan has one */
};

/*
 * Runs the machine of the plan until it ends. Returns 0 with the report, or -errno when it
 * could not be started.
 */
int vm_run(const struct machine_plan *plan, const struct vm_files *files,
	const struct vm_streams *streams, struct vm_report *report, struct err *e) must_check;
