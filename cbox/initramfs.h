/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "cbox/record.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * What the operand of `cbox boot` stands for, as the initramfs that a machine takes: one that
 * cbuild made as it is; a directory or an image made into one, in an unlinked file.
 */
struct initramfs {
	const char *path; /* of an initramfs, the operand itself; NULL: fd */
	int fd;           /* an initramfs without a name; -1: path */
	uint64_t size;    /* of the root in memory, in bytes, about */
	int root;         /* the directory; -1 where it is none */
};

#define auto_initramfs released_by(initramfs_release)

void initramfs_init(struct initramfs *s);
void initramfs_release(struct initramfs *s);

/* Opens it and loads its boot record, where it has one. */
int initramfs_open(
	struct initramfs *s, const char *path, struct record *record, struct err *e) must_check;
