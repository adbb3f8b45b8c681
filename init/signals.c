/* SPDX-License-Identifier: Apache-2.0 */
#include "init/signals.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/say.h"

/* What rt_sigaction(2) takes, which is not what the C library calls struct sigaction. */
struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
#ifndef __riscv
	void (*restorer)(void);
#endif
	uint64_t mask;
};

static const char names[][8] = { "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE",
	"KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT",
	"STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
	"PWR", "SYS" };

enum { NAMES = sizeof(names) / sizeof(names[0]) };

uint64_t signals_block(uint64_t set)
{
	uint64_t old = 0;

	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, &old, sizeof(set));
	return old;
}

int signals_wait(uint64_t set, siginfo_t *info, const struct timespec *timeout)
{
	long signal = syscall(SYS_rt_sigtimedwait, &set, info, timeout, sizeof(set));

	return signal < 0 ? -errno : (int)signal;
}

bool signals_is_ignored(int signal)
{
	struct kernel_action action = { 0 };

	(void)syscall(SYS_rt_sigaction, signal, NULL, &action, sizeof(action.mask));
	return action.handler == SIG_IGN;
}

void signals_set(int signal, void (*disposition)(int), unsigned long flags)
{
	struct kernel_action action = { .handler = disposition, .flags = flags };

	(void)syscall(SYS_rt_sigaction, signal, &action, NULL, sizeof(action.mask));
}

int signals_pass_on(pid_t to, int signal, const siginfo_t *info)
{
	siginfo_t copy;

	/* The kernel lets nobody send other codes to somebody else: rt_sigqueueinfo(2). */
	if (to > 0 && info && info->si_code == SI_QUEUE) {
		copy = *info;
		copy.si_signo = signal;
		if (syscall(SYS_rt_sigqueueinfo, to, signal, &copy) == 0)
			return 0;
		if (errno != EPERM && errno != EAGAIN)
			return -errno;
	}
	return kill(to, signal) < 0 ? -errno : 0;
}

/* A decimal of one or two digits, the whole text; -1 otherwise. */
static int small_number(const char *text, size_t length)
{
	int n = 0;

	if (length < 1 || length > 2)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + text[i] - '0';
	}
	return n;
}

static int realtime_number(const char *name, size_t length)
{
	bool from_min = length >= 5 && !strncasecmp(name, "RTMIN", 5);
	int n = 0, signal;

	if (!from_min && (length < 5 || strncasecmp(name, "RTMAX", 5)))
		return -1;
	if (length > 5 && name[5] != (from_min ? '+' : '-'))
		return -1;
	if (length > 5)
		n = small_number(name + 6, length - 6);
	signal = from_min ? SIGNALS_RTMIN + n : SIGNALS_MAX - n;
	return n < 0 || signal < SIGNALS_RTMIN || signal > SIGNALS_MAX ? -1 : signal;
}

int signals_number(const char *name, size_t length)
{
	int n = small_number(name, length);

	if (n >= 0)
		return n <= SIGNALS_MAX ? n : -1;
	if (length > 3 && !strncasecmp(name, "SIG", 3)) {
		name += 3;
		length -= 3;
	}
	for (int i = 1; i < NAMES; i++)
		if (strlen(names[i]) == length && !strncasecmp(names[i], name, length))
			return i;
	return realtime_number(name, length);
}

const char *signals_name(int signal, char buffer[SIGNALS_NAME_MAX])
{
	if (signal > 0 && signal < NAMES) {
		memcpy(buffer, "SIG", 3);
		memcpy(buffer + 3, names[signal], sizeof(names[signal]));
	} else if (signal >= SIGNALS_RTMIN) {
		memcpy(buffer, "SIGRTMIN+", 9);
		(void)say_number(buffer + 9, signal - SIGNALS_RTMIN);
	} else {
		(void)say_number(buffer, signal);
	}
	return buffer;
}
