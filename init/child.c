/* SPDX-License-Identifier: Apache-2.0 */
#include "init/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/env.h"
#include "init/identity.h"
#include "init/say.h"

/* For paths, and for what the C library's calls need; sanitizers need more. */
enum { STACK_SIZE = 256 * 1024 };

/* What the new process needs; it shares our memory, so it also tells us here how it went. */
struct start {
	const struct init *in;
	const struct child *child;
	int verbosity;
	char listen_pid[sizeof("LISTEN_PID=") + 24];
};

/* execve(2), and for a script without #! the shell, as POSIX asks of execvp. Returns -errno. */
static int exec_path(const char *path, const char **argv, const char *const *env)
{
	(void)execve(path, (char *const *)(const void *)argv, (char *const *)(const void *)env);
	if (errno != ENOEXEC)
		return -errno;
	argv[0] = path;
	argv[-1] = "/bin/sh";
	(void)execve("/bin/sh", (char *const *)(const void *)(argv - 1),
		(char *const *)(const void *)env);
	return -errno;
}

/* Looks through PATH. EACCES in one folder is told only when no other has the program. */
static int exec_program(const char **argv, const char *const *env)
{
	const char *name = argv[0], *path = env_get(env, "PATH");
	size_t name_length = strlen(name);
	int result = -ENOENT;
	char full[PATH_MAX];

	if (!name_length)
		return -ENOENT;
	if (strchr(name, '/'))
		return exec_path(name, argv, env);
	if (!path)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (;;) {
		size_t length = strcspn(path, ":");
		int r;

		if (length + name_length + 2 <= sizeof(full)) {
			memcpy(full, path, length);
			full[length] = '/';
			memcpy(full + length + (length > 0), name, name_length + 1);
			r = exec_path(full, argv, env);
			if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
				return r;
			if (r == -EACCES)
				result = r;
		}
		path += length;
		if (!*path++)
			return result;
	}
}

/*
 * Makes the payload's group the terminal's foreground one, if that was ours: a terminal that
 * belongs to somebody else's job stays theirs. TTOU is blocked here, so asking cannot stop us.
 */
static void take_terminal(pid_t parent_group)
{
	pid_t group = getpgrp(), foreground = -1;

	if (ioctl(STDIN_FILENO, TIOCGPGRP, &foreground) == 0 && foreground == parent_group)
		(void)ioctl(STDIN_FILENO, TIOCSPGRP, &group);
}

static void separate(const struct child *c)
{
	pid_t parent_group = getpgrp();

	if (c->new_session) {
		(void)setsid();
		(void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
		return;
	}
	if (setpgid(0, 0) == 0)
		take_terminal(parent_group);
}

static int null_stdin(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Without a /dev, an input that is closed is as empty. */
	if (fd < 0)
		return close(STDIN_FILENO);
	return dup2(fd, STDIN_FILENO) < 0 ? -errno : 0;
}

/* A server started with sockets checks that they are meant for it: sd_listen_fds(3). */
static void rename_listener(struct start *s)
{
	static const char key[] = "LISTEN_PID=";
	const char **env = (const char **)(uintptr_t)s->child->env;
	char own[24];

	(void)say_number(own, getppid());
	for (; *env; env++) {
		if (strncmp(*env, key, sizeof(key) - 1) || strcmp(*env + sizeof(key) - 1, own))
			continue;
		memcpy(s->listen_pid, key, sizeof(key) - 1);
		(void)say_number(s->listen_pid + sizeof(key) - 1, getpid());
		*env = s->listen_pid;
	}
}

/* Ends in the payload's program, or returns -errno with what failed already said. */
static int turn_into_payload(struct start *s)
{
	const struct child *c = s->child;
	const char *name = c->argv[0];
	int r;

	for (int i = 0; c->streams && i < 3; i++)
		if (c->streams[i] >= 0)
			(void)dup2(c->streams[i], i);
	if (c->stdin_null)
		(void)null_stdin();
	if (c->record) {
		r = identity_assume(c->record, s->verbosity);
		if (r < 0)
			return r;
	}
	for (int i = 1; s->in->fresh && i <= SIGNALS_MAX; i++)
		signals_set(i, SIG_DFL, 0);
	if (s->in->chld_ignored)
		signals_set(SIGCHLD, SIG_IGN, 0);
	(void)signals_block(s->in->old_mask);
	r = exec_program(c->argv, c->env);
	(void)signals_block(SIGNALS_ALL);
	say(s->verbosity, SAY_ERROR, "cannot run '%s': %e", name, -r);
	return r;
}

static int run_child(void *context)
{
	struct start *s = context;
	int r;

	separate(s->child);
	rename_listener(s);
	r = turn_into_payload(s);
	_exit(r == -ENOENT || r == -ENOTDIR ? BOOT_STATUS_NOT_FOUND : BOOT_STATUS_CANNOT_EXEC);
}

int child_start(struct init *in, const struct child *c)
{
	struct start s = { .in = in, .child = c, .verbosity = in->options.verbosity };
	/* A stack of its own: what the child leaves on it goes away with it. */
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int pid;

	if (stack == MAP_FAILED)
		return -errno;
	pid = clone(run_child, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, &s);
	if (pid < 0)
		pid = -errno;
	(void)munmap(stack, STACK_SIZE);
	if (pid < 0)
		return pid;
	in->payload = pid;
	return 0;
}

int child_become(struct init *in, const struct child *c)
{
	struct start s = { .in = in, .child = c, .verbosity = in->options.verbosity };

	if (c->new_session) {
		(void)setsid();
		(void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	}
	return turn_into_payload(&s);
}
