/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Between the terminal that cbox stands in (or whatever its standard streams are) and the
 * payload's own. Ours is raw meanwhile, so that Ctrl-C and the like are the payload's.
 */
enum { RELAY_POLLS = 3, RELAY_CHUNK = 4096 };

struct relay_flow {
	char bytes[RELAY_CHUNK];
	size_t at, end;
};

struct relay {
	int master;  /* -1: no terminal, nothing to do */
	int in, out; /* ours; -1 when they have ended, or are not wanted */
	struct relay_flow typed, shown;
	int tty; /* where *saved came from; -1: none of ours is a terminal */
	struct termios saved;
	bool raw;
};

/* Looks at our streams; changes nothing. `interactive`: what comes on ours is passed on. */
void relay_init(struct relay *r, bool interactive);

/* Takes the master over and makes ours raw. */
int relay_start(struct relay *r, int master, struct err *e) must_check;

/* What to wait for; then moves what can be moved. */
void relay_prepare(const struct relay *r, struct pollfd polls[RELAY_POLLS]);
void relay_move(struct relay *r, const struct pollfd polls[RELAY_POLLS]);

/* Makes the payload's as large as ours. */
void relay_resize(const struct relay *r);

/* Passes on what is left and gives our terminal its settings back. */
void relay_finish(struct relay *r);
