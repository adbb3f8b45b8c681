/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/attr.h"
#include "lib/err.h"
#include "qemu/modules.h"

/*
 * Loads from a folder of modules that qemu/fetch.h made those that are `wanted` (NULL-ended)
 * and what they need, in the order in which they load. Returns 1; 0 where the folder lacks one
 * that is wanted, or `folder` is NULL: then the kernel may have it built in, or not at all.
 */
int drivers_load(const char *folder, const char *const *wanted, struct modules *out,
	struct err *e) must_check;
