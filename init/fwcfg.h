/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * QEMU's fw_cfg device by port I/O: no driver needed, and its contents are those of the QEMU
 * that runs now, even in a machine resumed from a snapshot (QEMU docs/specs/fw_cfg.rst).
 *
 * Reads the file into `to`; returns its size, -EFBIG when it has more than `size` bytes, or
 * -ENOENT when there is no such file, or no such device.
 */
long fwcfg_read(const char *name, char *to, size_t size);
