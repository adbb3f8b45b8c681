/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Finds a kernel to boot: the file that the user names; else the newest in the cache; else
 * Debian's cloud kernel package, fetched by apt without root and without installing it, into
 * the cache; else the host's own in /boot. The kernel is handed out as the ELF file that QEMU
 * starts by PVH where it can be had, else as it is.
 */
struct kernel {
	char *path;    /* what to give to QEMU */
	char *source;  /* where it came from: a path, or a package */
	char *modules; /* folder of its modules, with the file "order", beside it; NULL: none */
	bool pvh;
};

#define auto_kernel released_by(kernel_release)

/* Told what takes long, in words: "fetching 'linux-image-…'". May be NULL. */
typedef void kernel_note(const char *text);

/* `file` may be NULL. -ENOENT, with what to type, when there is none. */
int kernel_find(
	const char *file, kernel_note *note, struct kernel *out, struct err *e) must_check;
void kernel_release(struct kernel *k);
