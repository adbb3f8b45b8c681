/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "cbox/medium.h"
#include "cbox/options.h"
#include "cbox/record.h"
#include "qemu/kernel.h"
#include "qemu/machine.h"
#include "qemu/modules.h"
#include "qemu/probe.h"
#include "qemu/vm.h"

/* A machine as the command line asks for it: what `boot` and `compare` share. */
struct cbox_machine {
	struct probe probe;
	struct kernel kernel;
	struct modules drivers; /* of the disk */
	bool has_drivers;       /* they are known */
	bool kvm;
	struct machine_plan plan;
	struct arena arena;
};

#define auto_machine released_by(cbox_machine_release)

void cbox_machine_init(struct cbox_machine *m);
void cbox_machine_release(struct cbox_machine *m);

/* Probes the host, finds the kernel and its modules. */
int cbox_machine_find(
	struct cbox_machine *m, const struct cbox_row *row, struct err *e) must_check;

/* Makes of the operand what this machine takes; tells where that is less than a disk. */
int cbox_machine_root(const struct cbox_machine *m, struct medium *from, struct record *record,
	struct err *e) must_check;

/* Makes the plan. */
int cbox_machine_plan(struct cbox_machine *m, const struct cbox_row *row,
	const struct medium *from, struct err *e) must_check;

/* Adds to the record what only the machine's host knows: disk, ports, time, entropy. */
int cbox_machine_complete(const struct cbox_machine *m, const struct medium *from,
	struct record *r, struct err *e) must_check;

/* The record in a file without a name, as QEMU takes it. */
int cbox_machine_record(const struct record *r, int *out, struct err *e) must_check;

/* Says what was chosen, and prints QEMU's command line. */
void cbox_machine_explain(const struct cbox_machine *m, const struct medium *from, FILE *out);
