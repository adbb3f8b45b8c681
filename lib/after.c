/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/after.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"

static never_returns void wait_and_act(
	int life, const char *name, void (*act)(void *context), void *context)
{
	char nothing;

	(void)setsid();
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fd != life)
			(void)close(fd);
	if (io_read(life, &nothing, 1) == 0)
		act(context);
	_exit(EXIT_SUCCESS);
}

int after_start(struct after *a, const char *name, void (*act)(void *context), void *context,
	struct err *e)
{
	auto_close int reads = -1, writes = -1;
	sigset_t all, before;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = ends[0];
	writes = ends[1];
	/* What ends the group at this moment must not end both. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		auto_close_fd(&writes);
		wait_and_act(reads, name, act, context);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return err_sys(e, "cannot fork");
	*a = (struct after){ pid, take_fd(&writes) };
	return 0;
}

void after_dismiss(struct after *a)
{
	if (a->pid <= 0)
		return;
	(void)kill(a->pid, SIGKILL);
	auto_close_fd(&a->life);
	while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
		;
	a->pid = 0;
}
