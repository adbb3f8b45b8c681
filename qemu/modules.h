/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * The kernel's modules that a machine with disks, network and shared folders needs, gathered
 * from a kernel's package as it streams by, and put in an order in which they load. Debian's
 * packages hold no modules.dep: what a module needs is in its own .modinfo.
 */
struct module {
	char *name;      /* as the kernel spells it: virtio_blk */
	struct buf file; /* the .ko, uncompressed */
	char *depends;   /* "virtio,virtio_ring" */
};

struct modules {
	struct module *items;
	size_t count, capacity;
};

#define auto_modules released_by(modules_release)

void modules_init(struct modules *m);
void modules_release(struct modules *m);

/* Is it a module, by its path: ends with .ko, .ko.xz, .ko.zst or .ko.gz? */
int modules_is(const char *path);

/* Takes a module's file (emptied), compressed or not, under the name in `path`. */
int modules_add(
	struct modules *m, const char *path, struct buf *file, struct err *e) must_check;

/*
 * Drops all but `wanted` (NULL-ended; those that the kernel has built in are not there, and are
 * left out) and what they need, and sorts the rest: dependencies first, in the order of wanted.
 */
void modules_keep(struct modules *m, const char *const *wanted);

/* What disk roots, networks and shared folders want; NULL-ended. */
extern const char *const modules_of_machines[];
