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
struct source {
	const char *path; /* of an initramfs, the operand itself; NULL: fd */
	int fd;           /* an initramfs without a name; -1: path */
	uint64_t size;    /* of the root in memory, in bytes, about */
	int root;         /* the directory; -1 where it is none */
};

#define auto_source released_by(source_release)

void source_init(struct source *s);
void source_release(struct source *s);

/* Opens it and loads its boot record, where it has one. */
int source_open(
	struct source *s, const char *path, struct record *record, struct err *e) must_check;
