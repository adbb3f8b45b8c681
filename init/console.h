/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"

/*
 * The console of a machine as standard input, output and error: /dev/console itself cannot be
 * anybody's controlling terminal, so it is the last of the ttys behind it that is opened.
 *
 * With record.terminal it is left as terminals are, in the size that the record says. Without,
 * it carries plain bytes: nothing is echoed, no byte is a signal or is changed on its way out.
 * Towards the payload ^D (0x04) ends the input, or hands over what was sent of a line so far,
 * and ^V (0x16) takes away the meaning of the byte behind it, LF's too: the host puts it before
 * each ^D, ^V and NUL of the input, and never sends more than 4,000 bytes without LF or ^D.
 */
void console_open(const struct boot *b, int verbosity);

/* Waits until everything written has left. */
void console_drain(void);
