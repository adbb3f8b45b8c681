/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/child.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "boot/boot.h"
#include "launch/caps.h"
#include "launch/dev.h"
#include "launch/message.h"
#include "launch/mounts.h"
#include "launch/net.h"
#include "launch/root.h"
#include "lib/auto.h"
#include "lib/beneath.h"

enum { RECORD_FD = 3 };

struct work {
	const struct child *c;
	const struct plan *plan;
	int root, dev;
	int terminal; /* the payload's end */
	int report;
};

/* Dies with cbox, and is not born when cbox has died before. */
static int bind_to_parent(struct work *w, struct err *e)
{
	struct pollfd report = { .fd = w->c->report, .events = POLLIN };
	char go;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "cannot bind the container's life to ours");
	if (w->plan->namespaces & CLONE_NEWUSER && recv(w->c->report, &go, 1, 0) != 1)
		_exit(1);
	if (poll(&report, 1, 0) > 0 && report.revents & POLLHUP)
		_exit(1);
	return 0;
}

static int own_session(struct work *w, struct err *e)
{
	(void)w;
	(void)umask(0);
	/* A terminal that is not ours takes no TIOCSTI (CVE-2017-5226). */
	if (setsid() < 0)
		return err_sys(e, "cannot make a session");
	/* Nor is the host's keyring: where there are keyrings at all. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	return 0;
}

/* The namespace's root is the cgroup that one is in when it is made. */
static int own_cgroup(struct work *w, struct err *e)
{
	cgroup_join(w->c->cgroup);
	if (w->plan->namespaces & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(e, "cannot make a cgroup namespace");
	return 0;
}

static int make_root(struct work *w, struct err *e)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "cannot make the mounts private");
	w->root = root_make(w->plan, e);
	return w->root < 0 ? w->root : 0;
}

static int mount_all(struct work *w, struct err *e)
{
	int r = mounts_all(w->root, w->plan, e);

	if (r < 0)
		return r;
	w->dev = beneath_open(w->root, "/dev", O_PATH | O_DIRECTORY, 0);
	if (w->dev < 0)
		return err_code(e, w->dev, "cannot open '/dev'");
	return dev_populate(w->dev, w->plan, e);
}

static int mask_paths(struct work *w, struct err *e)
{
	auto_close int null = openat(w->dev, "null", O_PATH | O_CLOEXEC);

	if (null < 0)
		return err_sys(e, "cannot open '/dev/null'");
	return mounts_mask(w->root, null, w->plan, e);
}

/* As large as ours, before anybody asks. */
static void size_terminal(int master)
{
	struct winsize size;

	for (int fd = 0; fd < 3; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
			(void)ioctl(master, TIOCSWINSZ, &size);
			return;
		}
	}
}

static int make_terminal(struct work *w, struct err *e)
{
	auto_close int master = -1;
	int r;

	if (!w->plan->terminal)
		return 0;
	r = dev_terminal(w->dev, w->plan, &master, &w->terminal, e);
	if (r < 0)
		return r;
	size_terminal(master);
	r = message_send_fd(w->c->report, master);
	return r < 0 ? err_code(e, r, "cannot hand the terminal over") : 0;
}

static int enter_root(struct work *w, struct err *e)
{
	return root_enter(w->root, w->plan, e);
}

static int name_host(struct work *w, struct err *e)
{
	if (sethostname(w->plan->hostname, strlen(w->plan->hostname)) < 0)
		return err_sys(e, "cannot set the host name '%s'", w->plan->hostname);
	return w->plan->namespaces & CLONE_NEWNET ? net_loopback(e) : 0;
}

/*
 * Standard streams become the terminal, or stay what they are; pipes are given to the payload's
 * user, who may want to open /dev/stdout again.
 */
static int set_streams(struct work *w, struct err *e)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		if (w->terminal >= 0 && dup2(w->terminal, fd) < 0)
			return err_sys(e, "cannot connect the terminal");
		if (w->terminal < 0 && w->plan->uid && fstat(fd, &st) == 0 &&
			S_ISFIFO(st.st_mode))
			(void)!fchown(fd, w->plan->uid, w->plan->gid);
	}
	return 0;
}

static int drop_privileges(struct work *w, struct err *e)
{
	(void)umask(022);
	if (w->plan->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "cannot set no_new_privs");
	return caps_bound(w->plan->bounding, e);
}

/* Process 1 and, should it fail, nobody else sees these descriptors. */
static int start_init(struct work *w, struct err *e)
{
	static const char *const own = "/dev/cinit";
	const char *path = w->plan->init ? own : BOOT_INIT;
	const char *const argv[] = { path, "--boot-fd=3", NULL };
	char *const env[] = { NULL };

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	w->report = fcntl(w->report, F_DUPFD_CLOEXEC, RECORD_FD + 1);
	if (w->report < 0 || dup2(w->c->record, RECORD_FD) < 0 ||
		fcntl(RECORD_FD, F_SETFD, 0) < 0 ||
		close_range(RECORD_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(e, "cannot arrange descriptors");
	(void)execve(path, (char *const *)(const void *)argv, env);
	return err_sys(e, "cannot run '%s' of the root", path);
}

void child_run(const struct child *c)
{
	static int (*const steps[])(struct work *, struct err *) = { bind_to_parent,
		own_session, own_cgroup, make_root, mount_all, mask_paths, make_terminal,
		enter_root, name_host, set_streams, drop_privileges, start_init };
	struct work w = { c, c->plan, -1, -1, -1, c->report };
	struct err e;
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++)
		r = steps[i](&w, &e);
	message_send_text(w.report, e.text);
	_exit(1);
}
