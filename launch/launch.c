/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/launch.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch/cgroup.h"
#include "launch/child.h"
#include "launch/janitor.h"
#include "launch/map.h"
#include "launch/message.h"
#include "launch/monitor.h"
#include "lib/auto.h"
#include "lib/io.h"

struct launch {
	const struct plan *plan;
	struct cgroup cgroup;
	struct after janitor;
	struct monitor monitor;
	int record;
	int here, there; /* the two ends of the child's report */
};

static int seal_record(const struct buf *record, struct err *e)
{
	auto_close int fd = memfd_create("boot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = fd < 0 ? -errno : io_pwrite(fd, record->bytes, record->size, 0);

	if (r == 0 && fcntl(fd, F_ADD_SEALS,
			      F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		r = -errno;
	return r < 0 ? err_code(e, r, "cannot hand the boot record over") : take_fd(&fd);
}

static int prepare(struct launch *l, const struct buf *record, struct err *e)
{
	int ends[2], r;

	l->record = seal_record(record, e);
	if (l->record < 0)
		return l->record;
	if (l->plan->terminal)
		relay_init(&l->monitor.relay, l->plan->interactive);
	cgroup_init(&l->cgroup, l->plan->name);
	if (l->cgroup.count || l->monitor.relay.tty >= 0) {
		r = janitor_start(&l->janitor, &l->cgroup, l->monitor.relay.tty,
			&l->monitor.relay.saved, e);
		if (r < 0)
			return r;
	}
	cgroup_make(&l->cgroup);
	/* Not before the janitor, who would keep the child from seeing our end. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, "cannot make a socket");
	l->here = ends[0];
	l->there = ends[1];
	return 0;
}

static int clone_failed(const struct launch *l, struct err *e)
{
	int code = err_sys(e, "cannot make the container's namespaces");

	if (code == -EPERM && !(l->plan->namespaces & CLONE_NEWUSER))
		return err_hint(e, code,
			"root without CAP_SYS_ADMIN cannot: run cbox as a user "
			"who may make user namespaces, or with the capability");
	if (code == -EPERM)
		return err_hint(e, code,
			"this system forbids user namespaces: type 'sysctl -w "
			"kernel.unprivileged_userns_clone=1 "
			"kernel.apparmor_restrict_unprivileged_userns=0' (those that it has), or run "
			"cbox as root");
	if (code == -ENOSPC || code == -EUSERS)
		return err_hint(e, code, "raise the limits in /proc/sys/user");
	return code;
}

static long clone_with(struct clone_args *args, int group)
{
	if (group < 0)
		return syscall(SYS_clone3, args, sizeof(*args));
	args->flags |= CLONE_INTO_CGROUP;
	args->cgroup = (unsigned)group;
	long pid = syscall(SYS_clone3, args, sizeof(*args));

	/* A threaded cgroup, or one of somebody else's: then none in v2. */
	args->flags &= ~(uint64_t)CLONE_INTO_CGROUP;
	return pid < 0 ? clone_with(args, -1) : pid;
}

static int clone_child(struct launch *l, struct err *e)
{
	struct clone_args args = {
		/* The cgroup namespace comes later, when the child is in its cgroups. */
		.flags = (l->plan->namespaces & ~(uint64_t)CLONE_NEWCGROUP) | CLONE_PIDFD,
		.pidfd = (uintptr_t)&l->monitor.pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid = clone_with(&args, l->cgroup.unified);

	if (pid < 0)
		return clone_failed(l, e);
	if (pid == 0) {
		(void)close(l->here);
		child_run(&(struct child){ l->plan, &l->cgroup, l->record, l->there });
	}
	l->monitor.pid = (pid_t)pid;
	auto_close_fd(&l->there);
	if (!(l->plan->namespaces & CLONE_NEWUSER))
		return 0;
	return map_ids(l->monitor.pid, e) < 0 ? -EPERM : message_go(l->here, e);
}

/* Until the child has become process 1. */
static int attend(struct launch *l, struct err *e)
{
	char text[sizeof(e->text)];

	for (;;) {
		int fd;
		ssize_t n = message_receive(l->here, text, sizeof(text), &fd);

		if (n < 0)
			return err_code(e, (int)n, "cannot hear from the container");
		if (n == 0)
			return 0;
		if (fd < 0)
			return err_set(e, -ECANCELED, "%s", text);
		n = relay_start(&l->monitor.relay, fd, e);
		if (n < 0)
			return (int)n;
	}
}

static int run(struct launch *l, const struct buf *record, struct err *e)
{
	int r = prepare(l, record, e);

	if (r == 0)
		r = clone_child(l, e);
	if (r == 0)
		r = attend(l, e);
	if (r == 0)
		r = monitor_wait(&l->monitor, e);
	return r;
}

static void clean(struct launch *l)
{
	monitor_end(&l->monitor);
	monitor_release(&l->monitor);
	if (l->cgroup.made)
		cgroup_remove(&l->cgroup);
	after_dismiss(&l->janitor);
	cgroup_release(&l->cgroup);
	auto_close_fd(&l->record);
	auto_close_fd(&l->here);
	auto_close_fd(&l->there);
}

int launch_run(const struct plan *p, int rootfs, const struct buf *record, bool *grouped,
	struct err *e)
{
	struct launch l = {
		.plan = p, .cgroup.unified = -1, .record = -1, .here = -1, .there = -1
	};
	sigset_t before;
	int r = monitor_init(&l.monitor, &before, e);

	if (r < 0)
		return r;
	if (fchdir(rootfs) < 0)
		r = err_sys(e, "cannot enter '%s'", p->rootfs);
	if (r == 0)
		r = run(&l, record, e);
	*grouped = l.cgroup.made > 0;
	clean(&l);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
