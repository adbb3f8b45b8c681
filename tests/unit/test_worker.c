/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/worker.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/tap.h"

static int fail(void *context, struct err *e)
{
	return err_set(e, -ENOSPC, "no room for %s", (const char *)context);
}

static int kill_oneself(void *context, struct err *e)
{
	(void)e;
	(void)raise(*(int *)context);
	return 0;
}

static int signal_the_parent(void *context, struct err *e)
{
	(void)e;
	(void)kill(getppid(), *(int *)context);
	return pause();
}

static void result_and_description_come_back(void)
{
	char what[] = "that";
	struct err e = { 0 };
	int signal_number = 0;

	check_int(worker_run(fail, what, &signal_number, &e), -ENOSPC);
	check_text(e.text, "no room for that");
	check_int(signal_number, 0);
}

static void a_worker_that_dies_is_an_error(void)
{
	struct err e = { 0 };
	int nine = SIGKILL, signal_number = 0;

	check_int(worker_run(kill_oneself, &nine, &signal_number, &e), -EIO);
	check_text(e.text, "ended by signal 9 (Killed)");
}

static void a_signal_to_end_ends_the_worker(void)
{
	int signals[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		pid_t child = fork();
		int status = 0;

		if (child == 0) {
			struct err e = { 0 };
			int got = 0;

			if (worker_run(signal_the_parent, &signals[i], &got, &e) != -EINTR)
				_exit(1);
			worker_die(got);
		}
		check_int(waitpid(child, &status, 0), child);
		check(WIFSIGNALED(status));
		check_int(WTERMSIG(status), signals[i]);
	}
}

int main(void)
{
	RUN(result_and_description_come_back);
	RUN(a_worker_that_dies_is_an_error);
	RUN(a_signal_to_end_ends_the_worker);
	return tap_done();
}
