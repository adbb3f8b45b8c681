/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/child.h"
#include "init/control.h"
#include "init/facts.h"
#include "init/init.h"
#include "init/machine.h"
#include "init/mounts.h"
#include "init/net.h"
#include "init/record.h"
#include "init/say.h"
#include "init/serve.h"
#include "init/watch.h"

/* cinit: process 1 of a container or of a machine. The record or the command line says what
 * runs. */

static void take_signals(struct init *in)
{
	in->old_mask = signals_block(SIGNALS_ALL);
	in->chld_ignored = signals_is_ignored(SIGCHLD);
	/* Where it is ignored, children vanish unseen; stops and continues are not our
	 * business. */
	signals_set(SIGCHLD, SIG_DFL, SA_NOCLDSTOP);
}

static void take_role(struct init *in)
{
	const struct options *o = &in->options;

	if (in->role == ROLE_SUBREAPER && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		if (o->subreaper)
			say_and_exit(
				BOOT_STATUS_FAILED, "cannot become a subreaper: %e", errno);
		say(o->verbosity, SAY_WARNING, "not process 1: orphans are not reaped");
	}
	if (o->parent_death && prctl(PR_SET_PDEATHSIG, o->parent_death, 0, 0, 0) < 0)
		say_and_exit(BOOT_STATUS_FAILED,
			"cannot ask for a signal of the parent's death: %e", errno);
}

/* Copies what is needed to the end: the record itself is given back when the payload runs. */
static void keep(struct init *in, const struct boot *b)
{
	in->grace = in->options.grace_given ? in->options.grace : b->grace;
	in->stop_signal = (int)b->stop_signal;
	in->finish = b->finish;
}

/* What follows the descriptors 0, 1 and 2 was for the payload, which has its own copies now. */
static void let_go(struct init *in)
{
	if (in->role != ROLE_MACHINE)
		(void)syscall(SYS_close_range, 3U, ~0U, 0U);
	(void)!chdir("/");
}

static int start(struct init *in, const struct child *c)
{
	int r;

	if (in->finish == BOOT_FINISH_EXEC) {
		r = child_become(in, c);
	} else {
		r = child_start(in, c);
		if (r < 0)
			say(in->options.verbosity, SAY_ERROR, "cannot start a process: %e", -r);
	}
	if (r < 0)
		in->status = r == -ENOENT ? BOOT_STATUS_NOT_FOUND : BOOT_STATUS_CANNOT_EXEC;
	return r;
}

/* Runs what the command line says, as everything is: what tini does. */
static void run_command(struct init *in, const char **argv, const char *const *env)
{
	const struct child c = { .argv = argv, .env = env };

	if (start(in, &c) < 0)
		return;
	let_go(in);
	serve(in);
	serve_end(in);
}

/* Runs what the record says; argv replaces its arguments where there are any. */
static void run_record(struct init *in, struct record *r, const char **argv)
{
	const struct boot *b = &r->boot;
	const struct child c = {
		.argv = argv[0] ? argv : (const char **)(uintptr_t)b->argv.items,
		.env = b->env.items,
		.record = b,
		.streams = in->watch && in->watch->relays ? in->watch->relay.theirs : NULL,
		.stdin_null = b->no_stdin,
		/* A machine that nobody but a person at its console started has its keys there.
		 */
		.new_session = b->terminal || (in->watch && !b->console),
	};

	keep(in, b);
	/* Whoever hands a record over blocks signals so that none is lost on the way here. */
	if (in->options.boot_fd >= 0) {
		in->old_mask = 0;
		in->chld_ignored = false;
		in->fresh = true;
	}
	if (!c.argv[0])
		say(SAY_ERROR, SAY_ERROR,
			"the boot record names no program, and neither does "
			"the command line");
	if (!c.argv[0] || start(in, &c) < 0) {
		in->status = in->status ? in->status : BOOT_STATUS_NOT_FOUND;
		return;
	}
	if (c.streams)
		relay_started(&in->watch->relay);
	control_say(in, BOOT_WORD_STARTED, 0);
	if (in->role != ROLE_MACHINE)
		record_free(r);
	let_go(in);
	serve(in);
	serve_end(in);
	if (in->role == ROLE_MACHINE)
		mounts_remove(&b->mounts, in->options.verbosity);
}

static void run_machine(struct init *in)
{
	static const char *no_arguments[1];
	struct record *r = record_new();
	struct watch watch;

	watch_init(&watch);
	in->watch = &watch;
	/* The kernel's argv holds words of its command line that it did not know. */
	if (r && machine_up(in, r) == 0)
		run_record(in, r, no_arguments);
	else
		in->status = BOOT_STATUS_FAILED;
	machine_down(in);
}

static void run_container(struct init *in, const char **argv, const char *const *env)
{
	struct record *r;

	if (argv[0] && in->options.boot_fd < 0) {
		run_command(in, argv, env);
		return;
	}
	r = record_new();
	if (!r)
		say_and_exit(BOOT_STATUS_FAILED, "no memory for the boot record");
	switch (record_load(r, in)) {
	case 0:
		if (in->role == ROLE_CONTAINER)
			net_loopback(in->options.verbosity);
		run_record(in, r, argv);
		break;
	case -ENOENT:
		say_and_exit(2, "no command, and no boot record '%s'; see 'cinit --help'",
			BOOT_PATH);
	default:
		in->status = BOOT_STATUS_FAILED;
	}
}

/* For `cbox compare`: what the payload would see, and then the payload in this same process. */
static int tell_facts(struct init *in, const char **argv, const char *const *env)
{
	const struct child c = { .argv = argv, .env = env };
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;
	int r;

	/* In the list of processes it stands for the payload that it becomes. */
	if (argv[0])
		(void)prctl(PR_SET_NAME, slash ? slash + 1 : argv[0]);
	r = facts_tell();

	if (r < 0)
		say_and_exit(BOOT_STATUS_FAILED, "cannot tell the facts: %e", -r);
	if (!argv[0])
		return 0;
	r = child_become(in, &c);
	return r == -ENOENT ? BOOT_STATUS_NOT_FOUND : BOOT_STATUS_CANNOT_EXEC;
}

int main(int argc, char **argv, char **envp)
{
	const char *const *env = (const char *const *)(uintptr_t)envp;
	struct init in = { .payload = 0 };
	int first;

	(void)argc;
	options_init(&in.options, env);
	take_signals(&in);
	if (getpid() == 1)
		in.role = machine_is(in.options.verbosity) ? ROLE_MACHINE : ROLE_CONTAINER;
	if (in.role == ROLE_MACHINE)
		run_machine(&in);
	first = options_parse(&in.options, argv);
	if (in.options.facts)
		return tell_facts(&in, (const char **)(uintptr_t)(argv + first), env);
	in.grace = in.options.grace;
	take_role(&in);
	run_container(&in, (const char **)(uintptr_t)(argv + first), env);
	return in.status;
}
