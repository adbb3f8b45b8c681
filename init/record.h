/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"
#include "init/init.h"

/*
 * The boot record in memory of its own, which is given back when the payload runs: pages that
 * are never touched (and most of it never is) cost nothing.
 */
struct record {
	struct boot boot;
	size_t size;
	char bytes[BOOT_SIZE_MAX + 1];
};

/* Maps it; NULL when the kernel has no memory. */
struct record *record_new(void);
void record_free(struct record *r);

/*
 * Finds, reads and decodes the record (boot/boot.h says where). 0, -ENOENT when there is none,
 * or -errno with what is wrong with it said.
 */
int record_load(struct record *r, const struct init *in);
