/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/attr.h"
#include "lib/err.h"
#include "qemu/cache.h"
#include "qemu/kernel.h"

/*
 * Gets Debian's kernel package for virtual machines through the host's apt, which checks its
 * signature, and keeps in the cache, as the folder "kernel-RELEASE": vmlinuz, vmlinux (where it
 * boots by PVH), modules/NAME.ko and modules/order (a line "NAME NEEDED…" each, as they load).
 */
int fetch_kernel(const struct cache *c, kernel_note *note, struct err *e) must_check;

/* The same from a package that is there already: a path below `dir`. */
int fetch_unpack(const struct cache *c, int dir, const char *package, struct err *e) must_check;
