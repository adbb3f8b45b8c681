/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/monitor.h"

#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "boot/boot.h"
#include "lib/auto.h"
#include "lib/io.h"

int monitor_init(struct monitor *m, sigset_t *before, struct err *e)
{
	sigset_t all;

	*m = (struct monitor){ .pidfd = -1,
		.relay = { .master = -1, .in = -1, .out = -1, .tty = -1 } };
	(void)sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, before) < 0)
		return err_sys(e, "cannot block signals");
	/* Ignored, it would take the container's status with it. */
	(void)signal(SIGCHLD, SIG_DFL);
	m->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->signals < 0 ? err_sys(e, "cannot watch signals") : 0;
}

void monitor_release(struct monitor *m)
{
	relay_finish(&m->relay);
	auto_close_fd(&m->pidfd);
	auto_close_fd(&m->signals);
}

static void handle(const struct monitor *m, int signal)
{
	switch (signal) {
	case SIGCHLD: /* looked at in any case */
	case SIGPIPE: /* ours: a write of cbox went nowhere */
		break;
	case SIGWINCH:
		relay_resize(&m->relay);
		if (m->relay.master >= 0)
			break; /* the terminal tells those in front of it */
		(void)pidfd_send_signal(m->pidfd, signal, NULL, 0);
		break;
	default:
		(void)pidfd_send_signal(m->pidfd, signal, NULL, 0);
	}
}

static void handle_all(const struct monitor *m)
{
	struct signalfd_siginfo info[8];
	ssize_t n;

	while ((n = read(m->signals, info, sizeof(info))) > 0)
		for (size_t i = 0; i < (size_t)n / sizeof(info[0]); i++)
			handle(m, (int)info[i].ssi_signo);
}

/* 1: it has ended, with *status; 0: not yet. */
static int look(struct monitor *m, int *status, struct err *e)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)m->pid, &info, WEXITED | WNOHANG) < 0)
		return err_sys(e, "cannot wait for the container");
	if (!info.si_pid)
		return 0;
	m->pid = 0;
	*status = info.si_code == CLD_EXITED ? info.si_status
					     : BOOT_STATUS_SIGNAL + info.si_status;
	return 1;
}

void monitor_end(struct monitor *m)
{
	if (m->pid <= 0)
		return;
	(void)pidfd_send_signal(m->pidfd, SIGKILL, NULL, 0);
	(void)waitid(P_PID, (id_t)m->pid, &(siginfo_t){ 0 }, WEXITED);
	m->pid = 0;
}

int monitor_wait(struct monitor *m, struct err *e)
{
	struct pollfd polls[1 + RELAY_POLLS] = { { m->signals, POLLIN, 0 } };
	int status = 0, r;

	for (;;) {
		r = look(m, &status, e);
		if (r)
			return r < 0 ? r : status;
		relay_prepare(&m->relay, polls + 1);
		if (poll(polls, ARRAY_LEN(polls), -1) < 0)
			return err_sys(e, "cannot wait for events");
		if (polls[0].revents)
			handle_all(m);
		relay_move(&m->relay, polls + 1);
	}
}
