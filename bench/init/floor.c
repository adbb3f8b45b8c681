/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The least that an init can do: vfork, wait for signals, pass them on, reap. Our yardstick. */
static int run(void *argv)
{
	char **words = argv;
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execv(words[0], words);
	_exit(127);
}

int main(int argc, char **argv)
{
	char stack[8192] __attribute__((aligned(16)));
	int status = 0, signal;
	sigset_t all;
	pid_t child;

	(void)argc;
	argv += 1 + (argv[1][0] == '-'); /* -- */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	child = clone(run, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, argv);
	for (pid_t gone = 0; gone != child;) {
		signal = sigwaitinfo(&all, NULL);
		if (signal != SIGCHLD)
			(void)kill(child, signal);
		while ((gone = waitpid(-1, &status, WNOHANG)) > 0 && gone != child)
			;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
