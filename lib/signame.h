/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/attr.h"

/*
 * Signals by the names that images and command lines use: "SIGTERM", "term", "15",
 * "SIGRTMIN+3". Real-time signals count from 34, as systemd, docker and podman do.
 */

/* The number, 1 to 64, or -EINVAL. */
int signal_number(const char *text) must_check;

/* "SIGTERM", "SIGRTMIN+3"; written to `to` (at least 16 bytes), which is returned. */
const char *signal_name(int number, char to[16]);
