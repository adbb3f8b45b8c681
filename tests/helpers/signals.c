/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
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
 *	signals soak SECONDS SEED random signals to the parent, forks and orphans, all at once;
 *0 when every one of them came back, in order, and no zombie is left signals daemon forks a
 *child that ignores TERM and sleeps, exits 7
 */

static int number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

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
		int signal_number = number(*words);

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
	char line[128] = "";
	unsigned long long ns;

	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	ns = strtoull(line, NULL, 10);
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

/* The child is the command when posix_spawn returns, and has had no time to do anything. */
static int early(char **words)
{
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, words[0], NULL, NULL, words, environ) != 0)
		return 127;
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Sends for so long, then says with 41 how many there were. */
static void soak_sender(pid_t init, long seconds, unsigned seed)
{
	time_t end = time(NULL) + seconds;
	int sent = 0;

	srandom(seed);
	while (time(NULL) < end) {
		switch (random() % 4) {
		case 0:
			(void)queue(init, 40, sent + 1, 1);
			sent++;
			break;
		case 1:
			(void)kill(init, SIGUSR1);
			break;
		case 2:
			make_orphan(-1);
			break;
		default:
			(void)make_orphans(random() % 8, 1, 0);
		}
	}
	(void)queue(init, 41, sent, 1);
	_exit(0);
}

static int zombies(void)
{
	FILE *list = popen("grep -ls '^State:.Z' /proc/[0-9]*/status | wc -l", "r");
	char line[32] = "-1";

	if (list && !fgets(line, sizeof(line), list))
		return -1;
	if (list)
		(void)pclose(list);
	return number(line);
}

static int soak(long seconds, unsigned seed)
{
	uint64_t wanted = UINT64_C(1) << 39 | UINT64_C(1) << 40 | UINT64_C(1) << 9;
	int next = 1, left = -1, tries = 500;
	pid_t init = getppid(), sender;
	siginfo_t info = { 0 };

	(void)block(wanted);
	sender = fork();
	if (sender == 0) {
		(void)block(0);
		soak_sender(init, seconds, seed);
	}
	while (syscall(SYS_rt_sigtimedwait, &wanted, &info, NULL, sizeof(wanted)) != 41)
		if (info.si_signo == 40 && info.si_value.sival_int != next++)
			return printf("value %d came as number %d\n", info.si_value.sival_int,
				       next - 1) > 0;
	(void)waitpid(sender, NULL, 0);
	while (tries-- && (left = zombies()) != 0)
		(void)usleep(10000);
	printf("seed %u: %d of %d, %d zombies\n", seed, next - 1, info.si_value.sival_int,
		left);
	return next - 1 != info.si_value.sival_int || left;
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
		return catch_signals(number(argv[2]));
	if (!strcmp(verb, "queue") && argc >= 5)
		return queue(number(argv[2]), number(argv[3]), number(argv[4]),
			argc > 5 ? number(argv[5]) : 1);
	if (!strcmp(verb, "default"))
		sleep_for_ever();
	if (!strcmp(verb, "with") && argc > 4)
		return run_with(argv + 2);
	if (!strcmp(verb, "state"))
		return show_state();
	if (!strcmp(verb, "orphans") && argc >= 4)
		return make_orphans(number(argv[2]), !strcmp(argv[3], "together"),
			argc > 4 ? number(argv[4]) : 0);
	if (!strcmp(verb, "crowd") && argc == 4)
		return crowd(number(argv[2]), number(argv[3]));
	if (!strcmp(verb, "early") && argc > 2)
		return early(argv + 2);
	if (!strcmp(verb, "soak") && argc == 4)
		return soak(number(argv[2]), (unsigned)number(argv[3]));
	if (!strcmp(verb, "daemon"))
		return leave_daemon();
	fputs("signals: see the comment on top of its source\n", stderr);
	return 2;
}
