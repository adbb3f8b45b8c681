/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"

/*
 * The control channel of a machine: a serial port whose lines are boot_message_… What the host
 * says arrives as SIGIO, so that the loop of process 1 has nothing but signals to wait for.
 */

/* Opens it and asks for SIGIO; leaves in->control -1, and says why, when that cannot be. */
void control_open(struct init *in, const char *path);

/* Asks for SIGIO on any descriptor that can be read. */
int control_listen(int fd);

/* Reads what is there and does it. fd is the one that SIGIO named. */
void control_heard(struct init *in, int fd);

/* Says it to the host, and waits until it has left. */
void control_say(const struct init *in, enum boot_word word, int number);
