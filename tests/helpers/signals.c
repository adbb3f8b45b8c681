/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * What the tests of cinit need of a payload and of those who send signals; all 64 signals, by
 *raw system calls.
 *
 *	signals catch COUNT       says "ready PID", then "SIGNAL VALUE" of each that comes
 *	signals queue PID SIG VALUE [COUNT]   as sigqueue(3)
 *	signals default           says "ready PID" and sleeps with every disposition the default
 *	signals with ignore|block SIG… -- COMMAND…
 *	signals state             what a payload is given: mask, ignored, group, foreground,
 *cwd, fds signals orphans COUNT together|stream [STATUS]   makes orphans, then exits with
 *STATUS signals crowd LIVE COUNT  COUNT orphans one after another beside LIVE living ones
 *	signals early COMMAND…    SIGTERM to the command before it can have started anything
 *	signals daemon            forks a child that ignores TERM and sleeps, exits 7
 */

static uint64_t block(uint64_t set)
{
	uint64_t old = 0;

	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, &old, sizeof(set));
	return old;
}

static int catch_signals(long count)
{
	uint64_t all = UINT64_MAX;

	(void)block(all);
	printf("ready %d\n", (int)getpid());
	(void)fflush(stdout);
	while (count--) {
		siginfo_t info;
		long signal = syscall(SYS_rt_sigtimedwait, &all, &info, NULL, sizeof(all));

		printf("%ld %d\n", signal,
			info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
		(void)fflush(stdout);
	}
	return 0;
}

static int queue(pid_t to, int signal, int value, long count)
{
	siginfo_t info = { 0 };

	info.si_signo = signal;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	for (; count; count--, value++) {
		info.si_value.sival_int = value;
		if (syscall(SYS_rt_sigqueueinfo, to, signal, &info) < 0) {
			perror("rt_sigqueueinfo");
			return 1;
		}
	}
	return 0;
}

static __attribute__((noreturn)) void sleep_for_ever(void)
{
	printf("ready %d\n", (int)getpid());
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

static int run_with(char **words)
{
	int ignore = !strcmp(*words++, "ignore");
	uint64_t mask = block(0);

	for (; *words && strcmp(*words, "--") != 0; words++) {
		int signal_number = atoi(*words);

		if (ignore)
			(void)signal(signal_number, SIG_IGN);
		else
			mask |= UINT64_C(1) << (signal_number - 1);
	}
	(void)block(mask);
	if (*words && words[1])
		(void)execvp(words[1], words + 1);
	perror("execvp");
	return 127;
}

static int show_state(void)
{
	char line[256], cwd[256] = "";
	FILE *status = fopen("/proc/self/status", "r");
	pid_t foreground = -1;

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, "SigBlk", 6) || !strncmp(line, "SigIgn", 6))
			fputs(line, stdout);
	if (status)
		(void)fclose(status);
	(void)ioctl(0, TIOCGPGRP, &foreground);
	printf("leader %d\n", getpgrp() == getpid());
	printf("foreground %d\n", foreground == getpgrp());
	printf("cwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd %d\n", fd);
	return 0;
}

/* Children of children: when those in between have gone, they are process 1's. */
static void make_orphan(int pipe_fd)
{
	pid_t between = fork();
	char c;

	if (between == 0) {
		if (fork() == 0 && pipe_fd >= 0)
			(void)!read(pipe_fd, &c, 1);
		_exit(0);
	}
	(void)waitpid(between, NULL, 0);
}

static int make_orphans(long count, int together, int status)
{
	int ends[2] = { -1, -1 };

	if (together && pipe2(ends, O_CLOEXEC) < 0)
		return 1;
	for (; count; count--) {
		pid_t between = fork();

		if (between == 0) {
			char c;

			if (ends[1] >= 0)
				(void)close(ends[1]);
			if (fork() == 0 && ends[0] >= 0)
				(void)!read(ends[0], &c, 1);
			_exit(0);
		}
		(void)waitpid(between, NULL, 0);
	}
	/* The end of the pipe's last writer lets all of them go at once. */
	if (ends[1] >= 0)
		(void)close(ends[1]);
	return status;
}

static double cpu_of_init(void)
{
	FILE *f = fopen("/proc/1/schedstat", "r");
	unsigned long long ns = 0;

	if (f && fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	if (f)
		(void)fclose(f);
	return (double)ns / 1000;
}

static int crowd(long live, long count)
{
	int ends[2];
	double before;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return 1;
	for (long i = 0; i < live; i++) {
		pid_t between = fork();

		if (between == 0) {
			char c;

			(void)close(ends[1]);
			if (fork() == 0)
				(void)!read(ends[0], &c, 1);
			_exit(0);
		}
		(void)waitpid(between, NULL, 0);
	}
	before = cpu_of_init();
	for (long i = 0; i < count; i++)
		make_orphan(-1);
	printf("%.2f\n", (cpu_of_init() - before) / (double)count);
	return 0;
}

/* The child of vfork is the command when this returns, and has had no time to do anything. */
static int early(char **words)
{
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		(void)execvp(words[0], words);
		_exit(127);
	}
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int leave_daemon(void)
{
	if (fork() == 0) {
		(void)signal(SIGTERM, SIG_IGN);
		(void)setsid();
		for (;;)
			(void)pause();
	}
	return 7;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "catch") && argc == 3)
		return catch_signals(atol(argv[2]));
	if (!strcmp(verb, "queue") && argc >= 5)
		return queue(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]),
			argc > 5 ? atol(argv[5]) : 1);
	if (!strcmp(verb, "default"))
		sleep_for_ever();
	if (!strcmp(verb, "with") && argc > 4)
		return run_with(argv + 2);
	if (!strcmp(verb, "state"))
		return show_state();
	if (!strcmp(verb, "orphans") && argc >= 4)
		return make_orphans(atol(argv[2]), !strcmp(argv[3], "together"),
			argc > 4 ? atoi(argv[4]) : 0);
	if (!strcmp(verb, "crowd") && argc == 4)
		return crowd(atol(argv[2]), atol(argv[3]));
	if (!strcmp(verb, "early") && argc > 2)
		return early(argv + 2);
	if (!strcmp(verb, "daemon"))
		return leave_daemon();
	fputs("signals: see the comment on top of its source\n", stderr);
	return 2;
}
