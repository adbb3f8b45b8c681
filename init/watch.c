/* SPDX-License-Identifier: Apache-2.0 */
#include "init/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/clock.h"
#include "init/control.h"
#include "init/forward.h"
#include "init/power.h"

enum { FDS_MAX = 2 + WATCH_BUTTONS + RELAY_FLOWS };

void watch_init(struct watch *w)
{
	const uint64_t all = SIGNALS_ALL;

	/* The C library's signalfd would leave out the signals that it keeps to itself. */
	w->signals = (int)syscall(SYS_signalfd4, -1, &all, sizeof(all), O_CLOEXEC | O_NONBLOCK);
	w->control = -1;
	w->heard_size = 0;
	w->button_count = 0;
	w->relays = false;
}

static int fill(const struct watch *w, struct pollfd *fds)
{
	int count = 0;

	fds[count++] = (struct pollfd){ w->signals, POLLIN, 0 };
	fds[count++] = (struct pollfd){ w->control, POLLIN, 0 };
	for (int i = 0; i < w->button_count; i++)
		fds[count++] = (struct pollfd){ w->buttons[i], POLLIN, 0 };
	if (w->relays)
		count += relay_poll(&w->relay, fds + count);
	return count;
}

static void hear(struct init *in, const struct pollfd *fds)
{
	struct watch *w = in->watch;

	if (fds[1].revents)
		control_heard(in);
	for (int i = 0; i < w->button_count; i++)
		if (fds[2 + i].revents && power_pressed(w->buttons[i]))
			forward_now(in, in->stop_signal, NULL);
	if (w->relays)
		relay_pump(&w->relay, in);
}

void watch_until_signal(struct init *in, int64_t ms)
{
	int64_t until = ms < 0 ? -1 : clock_ms() + ms;

	for (;;) {
		int64_t left = until < 0 ? -1 : until - clock_ms();
		struct pollfd fds[FDS_MAX];
		int ready;

		if (until >= 0 && left < 0)
			return;
		ready = poll(fds, (nfds_t)fill(in->watch, fds), (int)left);
		if (ready < 0 && errno != EINTR)
			return;
		if (ready > 0)
			hear(in, fds);
		if (ready == 0 || (ready > 0 && fds[0].revents))
			return;
	}
}
