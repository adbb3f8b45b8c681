/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Capabilities as masks, a bit each, by the names that docker takes: "NET_RAW", "cap_net_raw".
 * The only file that knows libcap.
 */

/*
 * What a container's root has where nobody says otherwise: docker's set without AUDIT_WRITE,
 * MKNOD and NET_RAW, as podman's.
 */
#define CAPS_USUAL UINT64_C(0x800405fb)

/* What process 1 needs besides the payload's set, to become the payload and to signal it. */
#define CAPS_INIT UINT64_C(0x1e0)

/* All that this header's readers know; the kernel may know fewer. */
#define CAPS_ALL ((UINT64_C(1) << 41) - 1)

/* Adds the capability's bit to *mask; "ALL" adds every one. */
int caps_add(uint64_t *mask, const char *name, struct err *e) must_check;

/* Cuts the bounding set and empties the inheritable and ambient sets of this process. */
int caps_bound(uint64_t keep, struct err *e) must_check;

/* "cap_chown,cap_setuid" of a mask, written to `to`, which is returned; cut where too long. */
const char *caps_text(uint64_t mask, char *to, unsigned size);
