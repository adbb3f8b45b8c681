/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"

/* Brings the loopback interface up where it is down: a fresh network namespace, or a machine.
 */
void net_loopback(int verbosity);

/* Sets up the interface of the record: address, default route. */
void net_interface(const struct boot *b, int verbosity);

/* The host name; /etc/hosts and /etc/resolv.conf, where the image has none. */
void net_names(const struct boot *b, int verbosity);
