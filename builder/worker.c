/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"

struct report {
	int result;
	struct err error;
};

static never_returns void be_the_worker(
	worker_function *work, void *context, int to, const sigset_t *mask, pid_t parent)
{
	struct report report = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	report.result = work(context, &report.error);
	exit(io_write(to, &report, sizeof(report)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* What nohup and the like have turned off stays off: it ends neither us nor the worker. */
static void ending_signals(sigset_t *set)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	(void)sigemptyset(set);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct sigaction now;

		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			(void)sigaddset(set, signals[i]);
	}
	(void)sigaddset(set, SIGCHLD);
}

static pid_t reap(pid_t child, int *status, int options)
{
	pid_t r;

	do
		r = waitpid(child, status, options);
	while (r < 0 && errno == EINTR);
	return r;
}

/* Waits for the worker's end, or ends it; returns the signal that was the reason, or 0. */
static int watch(pid_t child, const sigset_t *set, int *status)
{
	for (;;) {
		int got = sigwaitinfo(set, NULL);

		if (got == SIGCHLD && reap(child, status, WNOHANG) == child)
			return 0;
		if (got <= 0 || got == SIGCHLD)
			continue;
		(void)kill(child, SIGKILL);
		(void)reap(child, status, 0);
		return got;
	}
}

static int conclude(int from, int status, struct err *e)
{
	struct report report;

	if (io_read(from, &report, sizeof(report)) == sizeof(report)) {
		*e = report.error;
		return report.result;
	}
	if (WIFSIGNALED(status))
		return err_set(e, -EIO, "ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	return err_set(e, -EIO, "ended with status %d", WEXITSTATUS(status));
}

int worker_run(worker_function *work, void *context, int *signal, struct err *e)
{
	struct sigaction child_ends = { .sa_handler = SIG_DFL };
	auto_close int reads = -1, writes = -1;
	pid_t parent = getpid(), child;
	int pipes[2], status = 0;
	sigset_t set, old;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = pipes[0];
	writes = pipes[1];
	ending_signals(&set);
	(void)sigaction(SIGCHLD, &child_ends, NULL);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	child = fork();
	if (child < 0)
		return err_sys(e, "cannot fork");
	if (child == 0)
		be_the_worker(work, context, writes, &old, parent);
	auto_close_fd(&writes);
	*signal = watch(child, &set, &status);
	if (*signal)
		return err_set(
			e, -EINTR, "ended by signal %d (%s)", *signal, strsignal(*signal));
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return conclude(reads, status, e);
}

void worker_die(int signal_number)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, signal_number);
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + signal_number);
}
