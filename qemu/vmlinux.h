/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * The ELF kernel inside a bzImage, which QEMU starts by PVH: that spares the guest its own
 * decompressing, 0.2 s (LZ4) to 2.5 s (xz) of each boot without KVM.
 */

/* Whether it is a kernel as Linux distributions ship it for x86. */
bool vmlinux_is_bzimage(const char *bytes, size_t size);

/*
 * Unpacks the payload of a bzImage (Documentation/arch/x86/boot.rst, protocol 2.08 and later)
 * into `to`. -ENOEXEC when the file is no bzImage, or holds no kernel that boots by PVH: it may
 * boot as it is.
 */
int vmlinux_extract(const char *bzimage, size_t size, struct buf *to, struct err *e) must_check;
