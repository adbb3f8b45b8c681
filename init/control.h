/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"

/*
 * The control channel of a machine: a serial port whose lines are boot_message_…
 */

/* Opens it; says why when that cannot be. */
void control_open(struct init *in, const char *path);

/* Reads what is there and does it. */
void control_heard(struct init *in);

/* Says it to the host, and waits until it has left. Nothing without a channel. */
void control_say(const struct init *in, enum boot_word word, uint32_t number);

/* Makes a serial port pass bytes as they are. */
void control_make_raw(int fd);
