/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"

/* Makes the power button and Ctrl-Alt-Del come as signals (SIGIO, SIGINT), where there are any.
 */
void power_listen(void);

/* Whether what can be read from fd says that the power button was pressed. */
int power_pressed(int fd);

/* Ends the machine. Never returns; a kernel that cannot power off is rebooted, or halted. */
void power_end(enum boot_finish how) __attribute__((noreturn));
