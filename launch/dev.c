/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/dev.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "launch/mounts.h"
#include "lib/auto.h"
#include "lib/io.h"

/* runtime-spec, config-linux.md, "Default Devices". */
static const struct {
	const char *name;
	unsigned major, minor;
} nodes[] = {
	{ "null", 1, 3 },
	{ "zero", 1, 5 },
	{ "full", 1, 7 },
	{ "random", 1, 8 },
	{ "urandom", 1, 9 },
	{ "tty", 5, 0 },
};

/* runtime-spec, runtime-linux.md, "Dev symbolic links". */
static const struct {
	const char *name, *to;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

static int make_file(int dev, const char *name, mode_t mode, struct err *e)
{
	int fd = openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	return fd < 0 ? err_sys(e, "cannot make '/dev/%s'", name) : fd;
}

/* CVE-2025-31133: a /dev/null that somebody replaced must not be bound over what is masked. */
static int bind_host_node(int dev, size_t i, struct err *e)
{
	auto_close int host = openat(AT_FDCWD, "/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int node = openat(host, nodes[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_close int file = -1;
	struct stat st;

	if (node < 0 || fstat(node, &st) < 0)
		return err_sys(e, "cannot open the host's '/dev/%s'", nodes[i].name);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(nodes[i].major, nodes[i].minor))
		return err_set(
			e, -ENODEV, "the host's '/dev/%s' is another device", nodes[i].name);
	file = make_file(dev, nodes[i].name, 0666, e);
	return file < 0 ? file : mounts_bind(node, file, nodes[i].name, e);
}

static int make_node(int dev, size_t i, struct err *e)
{
	if (mknodat(dev, nodes[i].name, S_IFCHR | 0666,
		    makedev(nodes[i].major, nodes[i].minor)) < 0)
		return err_sys(e, "cannot make '/dev/%s'", nodes[i].name);
	return 0;
}

/* A root without process 1 gets the host's, as a copy: nothing of the host's is in reach then.
 */
static int copy_init(int dev, const char *path, struct err *e)
{
	auto_close int from = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC), to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(e, "cannot open '%s'", path);
	to = make_file(dev, "cinit", 0755, e);
	if (to < 0)
		return to;
	r = io_copy(from, 0, (uint64_t)st.st_size, to);
	return r < 0 ? err_code(e, r, "cannot copy '%s'", path) : 0;
}

int dev_populate(int dev, const struct plan *p, struct err *e)
{
	bool user = p->namespaces & CLONE_NEWUSER;
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(nodes) && r == 0; i++)
		r = user ? bind_host_node(dev, i, e) : make_node(dev, i, e);
	for (size_t i = 0; i < ARRAY_LEN(links) && r == 0; i++)
		if (symlinkat(links[i].to, dev, links[i].name) < 0)
			r = err_sys(e, "cannot make '/dev/%s'", links[i].name);
	if (r == 0 && p->init)
		r = copy_init(dev, p->init, e);
	return r;
}

int dev_terminal(int dev, const struct plan *p, int *master, int *slave, struct err *e)
{
	auto_close int m = openat(dev, "pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), s = -1;
	auto_close int console = -1;
	int unlocked = 0, r;

	if (m < 0 || ioctl(m, TIOCSPTLCK, &unlocked) < 0)
		return err_sys(e, "cannot make a terminal");
	s = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s < 0)
		return err_sys(e, "cannot open the terminal");
	/* Its user may open it again by name. A user that has no id here stays a guest. */
	if (fchown(s, p->uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM)
		return err_sys(e, "cannot give the terminal to user %u", p->uid);
	console = make_file(dev, "console", 0600, e);
	r = console < 0 ? console : mounts_bind(s, console, "/dev/console", e);
	if (r < 0)
		return r;
	*master = take_fd(&m);
	*slave = take_fd(&s);
	return 0;
}

void dev_print(FILE *out, const struct plan *p)
{
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		fprintf(out, "mknod -m 666 ROOT/dev/%s c %u %u\n", nodes[i].name,
			nodes[i].major, nodes[i].minor);
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		fprintf(out, "ln -s %s ROOT/dev/%s\n", links[i].to, links[i].name);
	if (p->init)
		fprintf(out, "cp %s ROOT/dev/cinit\n", p->init);
	if (p->terminal)
		fputs("mount --bind ROOT/dev/pts/0 ROOT/dev/console\n", out);
}
