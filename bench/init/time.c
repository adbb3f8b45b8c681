/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Times inits, one run of each in turn, so that all see the same noise:
 *
 *	time start ROUNDS PAYLOAD INIT…   microseconds from clone to the end of a payload that
 *					  does nothing, as process 1 of a fresh pid namespace
 *	time signal ROUNDS PAYLOAD INIT…  from kill of the init to the payload's answer
 *	time payload                      is such a payload, for signal
 *
 * Prints a line an init: name, median, 5th percentile. An INIT is words, split at blanks; "-"
 *is the payload alone.
 */
enum { INITS_MAX = 16, WORDS_MAX = 16 };

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int answer(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	for (;;) {
		if (write(STDOUT_FILENO, "x", 1) != 1)
			return 0;
		(void)sigwaitinfo(&set, NULL);
	}
}

/* Starts an init and its payload in a pid namespace; only vfork's cost is ours. */
static pid_t start(const char *init, const char *payload, int out)
{
	char copy[512], *words[WORDS_MAX], *at = copy;
	int count = 0, is_payload = out >= 0;
	pid_t pid;

	(void)snprintf(copy, sizeof(copy), "%s", init);
	for (char *w; strcmp(init, "-") != 0 && (w = strsep(&at, " "));)
		words[count++] = w;
	words[count++] = (char *)(unsigned long)payload;
	if (is_payload)
		words[count++] = (char *)(unsigned long)"payload";
	words[count] = NULL;
	pid = (pid_t)syscall(
		SYS_clone, CLONE_NEWPID | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0) {
		if (out >= 0)
			(void)dup2(out, STDOUT_FILENO);
		(void)execv(words[0], words);
		_exit(127);
	}
	if (pid < 0) {
		perror("clone");
		exit(1);
	}
	return pid;
}

static double time_start(const char *init, const char *payload)
{
	double began = now();
	pid_t pid = start(init, payload, -1);
	int status;

	(void)waitpid(pid, &status, 0);
	if (status) {
		fprintf(stderr, "%s: status %d\n", init, status);
		exit(1);
	}
	return now() - began;
}

static void print(const char *init, double *times, long rounds)
{
	qsort(times, (size_t)rounds, sizeof(*times), compare);
	printf("%s\t%.1f\t%.1f\n", init, times[rounds / 2], times[rounds / 20]);
}

static void run_starts(
	long rounds, const char *payload, int count, char **inits, double **times)
{
	for (long i = -5; i < rounds; i++) {
		for (int k = 0; k < count; k++) {
			double t = time_start(inits[k], payload);

			if (i >= 0)
				times[k][i] = t;
		}
	}
}

static void run_signals(
	long rounds, const char *payload, int count, char **inits, double **times)
{
	pid_t pids[INITS_MAX];
	int ends[INITS_MAX][2];
	char c;

	for (int k = 0; k < count; k++) {
		if (pipe2(ends[k], O_CLOEXEC) < 0)
			exit(1);
		pids[k] = start(inits[k], payload, ends[k][1]);
		(void)close(ends[k][1]);
		if (read(ends[k][0], &c, 1) != 1)
			exit(1);
	}
	for (long i = 0; i < rounds; i++) {
		for (int k = 0; k < count; k++) {
			double began = now();

			(void)kill(pids[k], SIGUSR1);
			if (read(ends[k][0], &c, 1) != 1)
				exit(1);
			times[k][i] = now() - began;
		}
	}
	for (int k = 0; k < count; k++) {
		(void)kill(pids[k], SIGKILL);
		(void)waitpid(pids[k], NULL, 0);
	}
}

int main(int argc, char **argv)
{
	double *times[INITS_MAX];
	int count = argc - 4;
	long rounds;

	if (argc == 2 && !strcmp(argv[1], "payload"))
		return answer();
	if (count < 1 || count > INITS_MAX)
		return 2;
	rounds = strtol(argv[2], NULL, 10);
	for (int k = 0; k < count; k++)
		times[k] = calloc((size_t)rounds, sizeof(double));
	if (!strcmp(argv[1], "start"))
		run_starts(rounds, argv[3], count, argv + 4, times);
	else
		run_signals(rounds, argv[3], count, argv + 4, times);
	for (int k = 0; k < count; k++)
		print(argv[4 + k], times[k], rounds);
	return 0;
}
