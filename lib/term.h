/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Our own terminal while it belongs to a payload elsewhere: raw, so that every key (Ctrl-C too)
 * goes there as a byte, and as it was when that is over.
 */
struct term {
	int fd; /* not owned; -1: nothing to restore */
	struct termios old;
};

#define auto_term released_by(term_restore)

void term_init(struct term *t);

/* Makes the terminal raw. Once more is no error. */
int term_raw(struct term *t, int fd, struct err *e) must_check;
void term_restore(struct term *t);

/* Whether it is a terminal that can move its cursor, as $TERM says. */
bool term_can_draw(int fd);

/* Whether it belongs to our process group now, rather than to another one of the same shell. */
bool term_in_front(int fd);

/* Size in characters; false where it is no terminal or does not know. */
bool term_size(int fd, uint32_t *rows, uint32_t *columns);
