/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"
#include "init/watch.h"

/* Opens the power buttons, where there are any, and makes Ctrl-Alt-Del come as SIGINT. */
void power_listen(struct watch *w);

/* Whether what can be read from fd says that the power button was pressed. */
bool power_pressed(int fd);

/* Ends the machine. Never returns; a kernel that cannot power off is rebooted, or halted. */
void power_end(enum boot_finish how) __attribute__((noreturn));
