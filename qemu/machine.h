/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "lib/mem.h"

/*
 * What QEMU is asked for, as data: a wish becomes a plan, which is checked, can be printed, and
 * is tested without QEMU. A machine has four serial ports, none with a path on the disk: the
 * payload's console, the control channel, the kernel's own console, and the payload's standard
 * error. The boot record comes by fw_cfg and never on the kernel's command line.
 */
#define MACHINE_QEMU "qemu-system-x86_64"
#define MACHINE_DISK "/dev/vda" /* as the guest calls it */

enum machine_port {
	MACHINE_CONSOLE, /* BOOT_CONSOLE */
	MACHINE_CONTROL, /* BOOT_CONTROL */
	MACHINE_KERNEL,
	MACHINE_ERROR, /* BOOT_CONSOLE_ERROR */
	MACHINE_PORTS,
};

/* Descriptors in QEMU: behind the three standard ones, in this order. */
enum {
	MACHINE_FD_PORT = 3,
	MACHINE_FD_RECORD = MACHINE_FD_PORT + MACHINE_PORTS,
	MACHINE_FD_INITRD,
	MACHINE_FD_DISK,
	MACHINE_FD_END,
};

struct machine_wish {
	const char *machine; /* a name of the table; NULL: its first */
	const char *kernel;  /* path */
	const char *initrd;  /* path; NULL: MACHINE_FD_INITRD */
	bool kvm;
	uint64_t tsc_khz;   /* 0: unknown */
	bool disk;          /* MACHINE_FD_DISK holds the root: MACHINE_DISK, read-only */
	uint64_t root_size; /* of an initramfs in bytes, unpacked; memory is chosen by it */
	uint64_t memory;    /* bytes; 0: chosen */
	unsigned cpus;      /* 0: 1 */
	bool verbose;       /* the kernel tells all */
	const char *append; /* more words for the kernel's command line, or NULL */
};

struct machine_plan {
	const char *const *argv; /* NULL-ended, in the arena */
	uint64_t memory;         /* MiB */
	const char *append;      /* the kernel's command line */
	const char *accelerator; /* "kvm" or "tcg" */
};

/*
 * The modules that a guest of that machine (NULL: the first) needs for an EROFS on the disk as
 * its root under an overlay, NULL-ended.
 */
int machine_drivers(const char *machine, const char *const **out, struct err *e) must_check;

/* Checks the wish and makes the plan, whose texts are in the arena. */
int machine_plan(const struct machine_wish *w, struct arena *a, struct machine_plan *out,
	struct err *e) must_check;

/* Prints it as a command for a shell, words quoted where they need it. */
void machine_print(const struct machine_plan *p, FILE *out);
