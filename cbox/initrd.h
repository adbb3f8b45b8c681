/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/attr.h"
#include "lib/err.h"
#include "qemu/modules.h"

/* Where a module's file is in it: with its name and ".ko" behind. */
#define INITRD_MODULES "modules"

/*
 * The small initramfs beside a disk: process 1 and the modules that it loads to mount the root,
 * in a file without a name.
 */
int initrd_make(const struct modules *drivers, int *out, struct err *e) must_check;
