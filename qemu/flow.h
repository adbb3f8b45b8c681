/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attr.h"

/*
 * A stream of bytes from one descriptor to another that never blocks: it is read only when what
 * was read before has been written, and both only when poll(2) says so.
 */
struct flow {
	int from, to;    /* not owned; -1: ended */
	size_t at, size; /* what is still to be written of bytes */
	uint64_t total;  /* bytes read so far */
	bool broken;     /* nobody reads what is written: what comes is dropped */
	char bytes[4096];
};

void flow_init(struct flow *f, int from, int to);

/* What to wait for; both are -1 where the flow has ended. */
void flow_poll(const struct flow *f, struct pollfd *from, struct pollfd *to);

/* Moves what can be moved, at most `room` bytes read; true when bytes were read. */
bool flow_move(struct flow *f, const struct pollfd *from, const struct pollfd *to, size_t room);

/* No more bytes will come, and all that came have been written. */
bool flow_ended(const struct flow *f);
