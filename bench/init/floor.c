/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The least that an init can do: vfork, wait for signals, pass them on, reap. Our yardstick. */
int main(int argc, char **argv)
{
	sigset_t all, none;
	pid_t child;
	int status = 0, signal;

	(void)argc;
	argv += argv[1][0] == '-'; /* -- */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	child = vfork();
	if (child == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	for (pid_t gone = 0; gone != child;) {
		signal = sigwaitinfo(&all, NULL);
		if (signal != SIGCHLD)
			kill(child, signal);
		while ((gone = waitpid(-1, &status, WNOHANG)) > 0 && gone != child)
			;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
