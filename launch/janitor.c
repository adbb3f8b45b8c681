/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/janitor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"

static never_returns void wait_and_clean(
	int life, const struct cgroup *c, int terminal, const struct termios *settings)
{
	char nothing;

	/* Out of the reach of Ctrl-C, of a hangup, and of a signal to cbox's process group. */
	(void)setsid();
	(void)prctl(PR_SET_NAME, "cbox-janitor", 0, 0, 0);
	for (int fd = 0; fd < 3; fd++)
		if (fd != terminal && fd != life)
			(void)close(fd);
	(void)!io_read(life, &nothing, 1);
	if (terminal >= 0)
		(void)tcsetattr(terminal, TCSANOW, settings);
	cgroup_remove(c);
	_exit(0);
}

int janitor_start(struct janitor *j, const struct cgroup *c, int terminal,
	const struct termios *settings, struct err *e)
{
	auto_close int reads = -1, writes = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = ends[0];
	writes = ends[1];
	pid = fork();
	if (pid < 0)
		return err_sys(e, "cannot fork");
	if (pid == 0) {
		(void)close(writes);
		wait_and_clean(reads, c, terminal, settings);
	}
	j->pid = pid;
	j->life = take_fd(&writes);
	return 0;
}

void janitor_dismiss(struct janitor *j)
{
	if (j->pid <= 0)
		return;
	(void)kill(j->pid, SIGKILL);
	(void)waitpid(j->pid, NULL, 0);
	auto_close_fd(&j->life);
	j->pid = 0;
}
