/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"
#include "lib/remove.h"

static never_returns void keep(int reads, int dir, const char *name)
{
	char nothing;
	sigset_t all;

	/* Not killed with the others by a terminal or a shell. */
	(void)setsid();
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	if (io_read(reads, &nothing, 1) == 0)
		(void)remove_below(dir, name);
	_exit(EXIT_SUCCESS);
}

int keeper_start(struct keeper *k, int dir, const char *name, struct err *e)
{
	auto_close int reads = -1, writes = -1;
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = pipes[0];
	writes = pipes[1];
	pid = fork();
	if (pid < 0)
		return err_sys(e, "cannot fork");
	if (pid == 0) {
		auto_close_fd(&writes);
		keep(reads, dir, name);
	}
	*k = (struct keeper){ pid, take_fd(&writes) };
	return 0;
}

void keeper_dismiss(struct keeper *k)
{
	if (k->pid <= 0)
		return;
	(void)kill(k->pid, SIGKILL);
	auto_close_fd(&k->life);
	while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		;
	k->pid = 0;
}
