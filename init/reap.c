/* SPDX-License-Identifier: Apache-2.0 */
#include "init/reap.h"

#include <errno.h>
#include <sys/wait.h>

#include "init/clock.h"
#include "init/say.h"

static void payload_ended(struct init *in, const siginfo_t *info)
{
	int verbosity = in->options.verbosity, status = info->si_status;
	char name[SIGNALS_NAME_MAX];

	in->payload = 0;
	if (info->si_code != CLD_EXITED) {
		in->killed_by = status;
		in->status = BOOT_STATUS_SIGNAL + status;
		say(verbosity, SAY_INFO, "the payload was killed by %s%s",
			signals_name(status, name),
			info->si_code == CLD_DUMPED ? " (core dumped)" : "");
		return;
	}
	in->status = status;
	if (in->options.remap[status / 32] >> status % 32 & 1)
		in->status = 0;
	say(verbosity, SAY_INFO, "the payload exited with status %d", status);
}

/* Waits for one of them without blocking: 1, 0 when none has ended, or -ECHILD. */
static int reap_one(struct init *in, idtype_t type, pid_t pid)
{
	siginfo_t info = { 0 };

	while (waitid(type, (id_t)pid, &info, WEXITED | WNOHANG | __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	if (!info.si_pid)
		return 0;
	if (info.si_pid == in->payload)
		payload_ended(in, &info);
	else
		say(in->options.verbosity, in->options.warn ? SAY_WARNING : SAY_DEBUG,
			"reaped orphan %d", (int)info.si_pid);
	return 1;
}

void reap_signalled(struct init *in, struct reaper *r, const siginfo_t *info)
{
	if (info->si_pid > 0)
		(void)reap_one(in, P_PID, info->si_pid);
	if (in->payload && in->payload != info->si_pid)
		(void)reap_one(in, P_PID, in->payload);
	if (!r->since)
		r->since = clock_ms();
}

int reap_sweep(struct init *in, struct reaper *r)
{
	int one;

	r->since = 0;
	do
		one = reap_one(in, P_ALL, 0);
	while (one > 0);
	return one;
}

int64_t reap_due(const struct reaper *r)
{
	int64_t age;

	if (!r->since)
		return -1;
	age = clock_ms() - r->since;
	return age >= REAP_SWEEP_MS ? 0 : REAP_SETTLE_MS;
}
