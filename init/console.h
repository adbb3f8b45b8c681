/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"

/*
 * The payload's standard input, output and error in a machine. With a terminal it is the port
 * that the record names, in the size that it says; without one, what is to be relayed between
 * pipes and ports is opened. A record that names no port leaves the kernel's console:
 * /dev/console itself cannot be a controlling terminal, so the last of the ttys behind it is
 * taken.
 */
void console_open(struct init *in, const struct boot *b);

/* Waits until everything written has left. */
void console_drain(void);
