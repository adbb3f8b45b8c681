/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot.h"
#include "lib/attr.h"

/*
 * The host's end of a machine's control channel (boot/boot.h): lines in, lines out. What a
 * guest says that is no line of the protocol is dropped; it can harm nobody but itself.
 */
struct control {
	int fd;                      /* a socket, not owned; -1: ended */
	char line[BOOT_MESSAGE_MAX]; /* what came of a line that has not ended */
	size_t size;
	bool too_long;
};

void control_init(struct control *c, int fd);

/* Takes one byte of the guest's; true when it completed a message, which is then in *m. */
bool control_take(struct control *c, char byte, struct boot_message *m) must_check;

/* Says it. A guest that reads nothing loses what it is told. */
void control_say(const struct control *c, enum boot_word word, uint32_t first, uint32_t second);
