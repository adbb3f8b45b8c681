/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"

/*
 * Mounts the root that the record names (a disk or a shared folder; as it is, or read-only
 * under an overlay in memory) and makes it /. 0, or -errno with what failed said.
 */
int root_switch(const struct boot *b, int verbosity);

/* Writes back what is not on disk yet, and leaves the root read-only. */
void root_settle(void);
