/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cbox/record.h"
#include "lib/attr.h"
#include "lib/err.h"
#include "qemu/modules.h"

/*
 * What the operand of `cbox boot` stands for, as a machine takes it: a directory or an image
 * becomes an EROFS, the machine's disk, with a small initramfs beside it that mounts it; or,
 * where the kernel's modules for that are not known, or where it is small and loses nothing by
 * it, one initramfs. What cbuild has made an
 * initramfs or an EROFS of is taken as it is. All that is made lies in files without a name.
 */
struct medium {
	const char *operand;
	const char *path; /* of an initramfs, the operand itself; NULL: initrd */
	int initrd;       /* an initramfs without a name; -1: path */
	int disk;         /* an EROFS; -1: the initramfs is the root */
	uint64_t size;    /* of an initramfs in memory, of a disk, in bytes, about */
	int dir;          /* the directory; -1 where it is none */
	const char *why;  /* it has to be an initramfs; NULL: a disk, small, or given so */
};

#define auto_medium released_by(medium_release)

void medium_init(struct medium *s);
void medium_release(struct medium *s);

/* Opens it, and loads the boot record of a directory, an initramfs or an EROFS. */
int medium_open(
	struct medium *s, const char *path, struct record *record, struct err *e) must_check;

/*
 * Makes what the machine takes, and loads an image's boot record. `drivers` are the modules
 * that the disk needs, NULL where they are not known.
 */
int medium_make(struct medium *s, const struct modules *drivers, struct record *record,
	struct err *e) must_check;
