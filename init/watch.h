/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "init/init.h"
#include "init/relay.h"

/*
 * What process 1 of a machine hears besides signals: the control channel, power buttons, and
 * the streams that it relays. A container has none of this, and waits for signals alone.
 */
enum { WATCH_BUTTONS = 4 };

struct watch {
	int signals; /* a signalfd, to be woken by: signals are taken by signals_wait */
	int control; /* descriptor of the control channel; -1: none */
	char heard[BOOT_MESSAGE_MAX]; /* of a line from the host that has not ended yet */
	size_t heard_size;
	int buttons[WATCH_BUTTONS];
	int button_count;
	bool relays;
	struct relay relay;
};

void watch_init(struct watch *w);

/*
 * Returns when a signal is pending or `ms` have passed (never where negative); until then hears
 * everything else and does it.
 */
void watch_until_signal(struct init *in, int64_t ms);
