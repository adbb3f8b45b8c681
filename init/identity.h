/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"

/*
 * Becomes what the record says the payload is: limits, ids, capability sets, no_new_privs,
 * umask and working directory, in the order in which each still may. In the payload's process,
 * before exec. 0, or -errno when something could not be done that would leave the payload with
 * more than it should have; that is said.
 */
int identity_assume(const struct boot *b, int verbosity);
