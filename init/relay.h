/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"

struct init;

/*
 * A machine's plain streams: the payload has pipes, and process 1 copies between them and
 * serial ports set raw, so that every byte arrives as it is, standard error apart from standard
 * output, and the end of the input is an end. boot/boot.h ("The control channel") says how it
 * is counted.
 */
struct flow {
	int from, to; /* -1: closed */
	size_t at, size;
	char bytes[BOOT_INPUT_WINDOW];
};

enum relay_flow { RELAY_INPUT, RELAY_OUTPUT, RELAY_ERROR, RELAY_FLOWS };

struct relay {
	struct flow flows[RELAY_FLOWS];
	int theirs[RELAY_FLOWS]; /* the payload's ends, until it has started; -1: none */
	uint32_t taken, told, end;
	bool end_known;
};

/* Opens ports and pipes as the record says. 0 or -errno, with nothing left open. */
int relay_open(struct relay *r, const struct boot *b);

/* Closes the payload's ends here, when it has started or could not. */
void relay_started(struct relay *r);

/* The host's last word on the input. */
void relay_end_input(struct relay *r, uint32_t total);

/* Fills in what to wait for (at most RELAY_FLOWS entries); returns how many. */
int relay_poll(const struct relay *r, struct pollfd *fds);

/* Copies what can be copied now. */
void relay_pump(struct relay *r, const struct init *in);

/* Copies the rest of the output, when nobody is left to write more. */
void relay_finish(struct relay *r);
