/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cbox/machine.h"
#include "cbox/medium.h"
#include "cbox/record.h"
#include "cbox/verbs.h"
#include "lib/auto.h"

/* The machine is gone and nobody knows how the payload ended: what the kernel said last. */
static int tell_lost(const struct vm_report *report)
{
	enum { LINES = 20 };

	fprintf(stderr, "cbox: the machine ended without saying how the payload did%s\n",
		report->klog.total ? "; its kernel's last lines:" : "");
	klog_print(&report->klog, stderr, "  ", LINES);
	return BOOT_STATUS_LOST;
}

static int run(const struct cbox_machine *m, const struct cbox_row *row,
	const struct medium *from, const struct record *record, struct err *e)
{
	enum { STOP_MS = 10000 };
	const struct boot *b = &record->boot;
	const struct vm_streams streams = {
		.in = row->interactive ? STDIN_FILENO : -1,
		.counted = !b->terminal,
		.out = STDOUT_FILENO,
		.error = STDERR_FILENO,
		.terminal = b->terminal && row->interactive && isatty(STDIN_FILENO),
		.verbose = row->verbose,
		.stop_ms = STOP_MS + b->grace,
	};
	auto_close int fd = -1;
	struct vm_report report = { 0 };
	int r = cbox_machine_record(record, &fd, e);

	if (r == 0)
		r = vm_run(&m->plan, &(struct vm_files){ fd, from->initrd, from->disk },
			&streams, &report, e);
	if (r < 0)
		return r;
	return report.status == BOOT_STATUS_LOST && report.ended_ns < 0 ? tell_lost(&report)
									: report.status;
}

static int boot(const struct cbox_row *row, const struct opt_list *operands,
	struct medium *from, struct record *record, struct err *e)
{
	const struct record_usual usual = { .caps = BOOT_CAPS_KEEP };
	auto_machine struct cbox_machine machine;
	int r;

	cbox_machine_init(&machine);
	r = medium_open(from, operands->items[0], record, e);
	if (r == 0)
		r = cbox_machine_find(&machine, row, e);
	if (r == 0)
		r = cbox_machine_root(&machine, from, record, e);
	if (r == 0 && !record->boot.hostname)
		r = record_random_name(record, &record->boot.hostname, e);
	if (r == 0)
		r = record_change(record, row, operands->items + 1, from->dir, &usual, e);
	if (r == 0)
		r = cbox_machine_complete(&machine, from, record, e);
	if (r == 0)
		r = cbox_machine_plan(&machine, row, from, e);
	if (r < 0)
		return r;
	if (row->dry_run || row->explain)
		cbox_machine_explain(&machine, from, row->dry_run ? stdout : stderr);
	return row->dry_run ? 0 : run(&machine, row, from, record, e);
}

int cbox_boot(const struct cbox_row *row, const struct opt_list *operands, struct err *e)
{
	struct record *record;
	auto_medium struct medium from;
	int r;

	if (!operands->count)
		return err_set(e, CBOX_USAGE, "what to boot? see 'cbox boot --help'");
	record = xmalloc(sizeof(*record)); /* of some size: not on the stack */
	record_init(record);
	medium_init(&from);
	r = boot(row, operands, &from, record, e);
	record_release(record);
	free(record);
	return r;
}
