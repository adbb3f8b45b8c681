/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "cbox/initramfs.h"
#include "cbox/options.h"
#include "cbox/record.h"
#include "qemu/kernel.h"
#include "qemu/machine.h"
#include "qemu/probe.h"
#include "qemu/vm.h"

/* A machine as the command line asks for it: what `boot` and `compare` share. */
struct cbox_machine {
	struct probe probe;
	struct kernel kernel;
	struct machine_plan plan;
	struct arena arena;
};

#define auto_machine released_by(cbox_machine_release)

void cbox_machine_init(struct cbox_machine *m);
void cbox_machine_release(struct cbox_machine *m);

/* Finds the kernel, probes the host and makes the plan. */
int cbox_machine_plan(struct cbox_machine *m, const struct cbox_row *row,
	const struct initramfs *from, struct err *e) must_check;

/* Adds to the record what only the machine's host knows: ports, time, entropy. */
int cbox_machine_complete(struct record *r, struct err *e) must_check;

/* The record in a file without a name, as QEMU takes it. */
int cbox_machine_record(const struct record *r, int *out, struct err *e) must_check;

/* Says what was chosen, and prints QEMU's command line. */
void cbox_machine_explain(const struct cbox_machine *m, FILE *out);
