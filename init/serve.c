/* SPDX-License-Identifier: Apache-2.0 */
#include "init/serve.h"

#include <errno.h>
#include <unistd.h>

#include "init/clock.h"
#include "init/descendants.h"
#include "init/forward.h"
#include "init/memory.h"
#include "init/reap.h"
#include "init/say.h"
#include "init/watch.h"

/* A payload that has lived for so long is one that will be waited for. */
enum { SETTLED_MS = 200 };

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Waits for at most `ms`, or for ever when that is negative. */
static int wait_for_signal(struct init *in, siginfo_t *info, int64_t ms)
{
	struct timespec span;

	if (in->watch) {
		watch_until_signal(in, ms);
		ms = 0;
	}
	span = clock_span(ms);

	return signals_wait(SIGNALS_ALL, info, ms < 0 ? NULL : &span);
}

/* Our own log into a closed pipe raises SIGPIPE: it is nobody's business but ours. */
static bool is_our_own(int signal, const siginfo_t *info)
{
	return signal == SIGPIPE && info->si_code == SI_USER && info->si_pid == getpid();
}

/* Ctrl-Alt-Del and the power button, which come as signals from the kernel itself. */
static bool is_button(const struct init *in, int signal, const siginfo_t *info)
{
	return in->role == ROLE_MACHINE && signal == SIGINT && info->si_code == SI_KERNEL;
}

static void handle(
	struct init *in, struct reaper *r, struct held *h, int signal, const siginfo_t *info)
{
	if (signal == SIGCHLD)
		reap_signalled(in, r, info);
	else if (is_button(in, signal, info))
		forward_now(in, in->stop_signal, NULL);
	else if (!is_our_own(signal, info))
		forward(in, h, signal, info);
}

void serve(struct init *in)
{
	struct reaper reaper = { 0 };
	struct held held = { { 0 } };
	int64_t trim = in->watch ? -1 : SETTLED_MS;

	/* It may have ended before it could be waited for: its SIGCHLD is pending then. */
	while (in->payload) {
		int64_t due = reap_due(&reaper), wait = sooner(due, forward_due(in, &held));
		siginfo_t info;
		int signal = wait_for_signal(in, &info, sooner(wait, trim));

		if (signal > 0)
			handle(in, &reaper, &held, signal, &info);
		if (due == 0 || (signal == -EAGAIN && due > 0))
			(void)reap_sweep(in, &reaper);
		if (signal == -EAGAIN && wait < 0 && trim >= 0) {
			memory_trim();
			trim = -1;
		}
	}
}

/* Signals that arrive while the stragglers end are theirs. */
static void wait_for_last(struct init *in, int64_t until)
{
	struct reaper reaper = { 0 };

	while (reap_sweep(in, &reaper) != -ECHILD) {
		int64_t left = until - clock_ms();
		siginfo_t info;
		int signal;

		if (until >= 0 && left <= 0)
			return;
		signal = wait_for_signal(in, &info, until < 0 ? -1 : left);
		if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)
			descendants_signal(in, signal);
	}
}

void serve_end(struct init *in)
{
	struct reaper reaper = { 0 };

	if (in->options.keep || reap_sweep(in, &reaper) == -ECHILD)
		return;
	if (in->grace) {
		say(in->options.verbosity, SAY_INFO, "ending what the payload left behind");
		descendants_signal(in, SIGTERM);
		descendants_signal(in, SIGCONT);
		wait_for_last(in, clock_ms() + in->grace);
	}
	/* As each dies, its children become ours: until none is left. */
	while (reap_sweep(in, &reaper) != -ECHILD) {
		siginfo_t info;

		descendants_signal(in, SIGKILL);
		(void)wait_for_signal(in, &info, REAP_SETTLE_MS);
	}
}
