/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spawn.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"

/*
 * Puts the descriptors in their places, from copies above them all, so that none is overwritten
 * before it was copied.
 */
static int place(const struct spawn *s)
{
	int wanted[3 + SPAWN_MORE_MAX] = { s->in, s->out, s->error };
	int count = 3 + (int)s->more_count;

	for (int i = 3; i < count; i++)
		wanted[i] = s->more[i - 3];
	for (int i = 0; i < count; i++) {
		if (i == STDERR_FILENO && wanted[i] < 0)
			wanted[i] = STDERR_FILENO;
		if (i < 3 && wanted[i] < 0)
			wanted[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (i < 3 && wanted[i] < 0)
			return -1;
		if (wanted[i] < 0)
			continue;
		wanted[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, count);
		if (wanted[i] < 0 && i != STDERR_FILENO)
			return -1;
	}
	for (int i = 0; i < count; i++)
		if (wanted[i] >= 0 && dup2(wanted[i], i) < 0)
			return -1;
	return 0;
}

/* In the child: says on `status` with an errno why it could not start. */
static never_returns void start(const struct spawn *s, pid_t parent, int status)
{
	int end = 3 + (int)s->more_count;
	sigset_t none;
	int error;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (s->own_group)
		(void)setpgid(0, 0);
	if (status < end)
		status = fcntl(status, F_DUPFD_CLOEXEC, end);
	if (s->dir >= 0 && fchdir(s->dir) < 0)
		goto out;
	if (place(s) < 0)
		goto out;
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(s->argv[0], (char *const *)(const void *)s->argv);
out:
	error = errno;
	(void)!write(status, &error, sizeof(error));
	_exit(127);
}

int spawn_start(const struct spawn *s, pid_t *pid, struct err *e)
{
	auto_close int reads = -1, writes = -1;
	pid_t parent = getpid(), child;
	int pipes[2], error = 0;

	assert(s->more_count <= SPAWN_MORE_MAX);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = pipes[0];
	writes = pipes[1];
	child = fork();
	if (child < 0)
		return err_sys(e, "cannot fork");
	if (child == 0)
		start(s, parent, writes);
	auto_close_fd(&writes);
	if (io_read(reads, &error, sizeof(error)) == sizeof(error)) {
		(void)waitpid(child, NULL, 0);
		return err_code(e, -error, "cannot start '%s'", s->argv[0]);
	}
	*pid = child;
	return 0;
}

int spawn_wait(pid_t pid, const char *name, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "cannot wait for '%s'", name);
	if (WIFSIGNALED(status))
		return err_set(e, -EIO, "'%s' was ended by signal %d (%s)", name,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return err_set(
			e, -EIO, "'%s' exited with status %d", name, WEXITSTATUS(status));
	return 0;
}

int spawn_capture(const char *const *argv, struct buf *out, struct err *e)
{
	enum { OUTPUT_MAX = 16 * 1024 * 1024 };
	auto_close int reads = -1, writes = -1;
	int pipes[2], r, slurped;
	pid_t pid = -1;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = pipes[0];
	writes = pipes[1];
	r = spawn_start(
		&(struct spawn){
			.argv = argv, .dir = -1, .in = -1, .out = writes, .error = -1 },
		&pid, e);
	if (r < 0)
		return r;
	auto_close_fd(&writes);
	slurped = io_slurp(reads, out, OUTPUT_MAX);
	auto_close_fd(&reads);
	r = spawn_wait(pid, argv[0], e);
	if (r < 0)
		return r;
	return slurped < 0 ? err_code(e, slurped, "cannot read from '%s'", argv[0]) : 0;
}

bool spawn_finds(const char *name)
{
	const char *path = getenv("PATH");
	bool found = false;

	while (path && *path && !found) {
		size_t length = strcspn(path, ":");
		auto_free char *file = xasprintf("%.*s/%s", (int)length, path, name);

		found = access(file, X_OK) == 0;
		path += length + (path[length] == ':');
	}
	return found;
}
