/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "lib/attr.h"
#include "lib/buf.h"

/*
 * Puts the file capabilities that a value of "security.capability" stands for into b, in the
 * words of getcap(8): "cap_net_raw=ep", and " [rootid=1000]" where they are of a user
 * namespace. -EINVAL for what capabilities(7), "File capability extended attribute versioning",
 * does not describe.
 */
int filecaps_put(struct buf *b, const void *value, size_t size) must_check;
