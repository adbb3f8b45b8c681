/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"

/*
 * /proc/self/cgroup:	number:controllers:path	4:memory:/a/b	 0::/a/b (v2)
 */
enum { OWN_MAX = 16 * 1024, REMOVE_TRIES = 12 };

/*
 * Hierarchies of v1 that are left alone: a new cpuset has no CPUs and nobody could enter it,
 * and the rest belongs to others (systemd) or tells nothing as long as there is no limit.
 */
static const char *const left_alone[] = { "cpuset", "name=", "net_cls", "net_prio",
	"perf_event", "hugetlb", "rdma", "misc" };

static int is_left_alone(const char *controllers)
{
	for (size_t i = 0; i < ARRAY_LEN(left_alone); i++)
		if (strstr(controllers, left_alone[i]))
			return 1;
	return 0;
}

/* Where the hierarchy is mounted, as all distributions mount it. */
static const char *title(const char *controllers)
{
	struct statfs fs;

	if (*controllers)
		return controllers;
	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return "";
	return "unified";
}

static void add(struct cgroup *c, const char *controllers, const char *path)
{
	char full[4096];
	int fd, n = snprintf(
			full, sizeof(full), "/sys/fs/cgroup/%s%s", title(controllers), path);

	if (n >= (int)sizeof(full) || c->count == CGROUPS_MAX || is_left_alone(controllers) ||
		strlen(controllers) >= sizeof(c->hierarchies[0].title) || strstr(path, "/.."))
		return;
	if (faccessat(AT_FDCWD, full, W_OK, AT_EACCESS) < 0)
		return;
	fd = openat(AT_FDCWD, full, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	memcpy(c->hierarchies[c->count].title, title(controllers),
		strlen(title(controllers)) + 1);
	c->hierarchies[c->count++].parent = fd;
}

void cgroup_init(struct cgroup *c, const char *name)
{
	auto_close int fd = openat(AT_FDCWD, "/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	char own[OWN_MAX];
	ssize_t size = fd < 0 ? 0 : io_read(fd, own, sizeof(own) - 1);
	char *rest = NULL;

	*c = (struct cgroup){ .unified = -1 };
	(void)snprintf(c->name, sizeof(c->name), "cbox-%s", name);
	own[size > 0 ? size : 0] = '\0';
	for (char *line = strtok_r(own, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		add(c, controllers + 1, path);
	}
}

void cgroup_release(struct cgroup *c)
{
	for (size_t i = 0; i < c->count; i++)
		auto_close_fd(&c->hierarchies[i].parent);
	auto_close_fd(&c->unified);
	c->count = 0;
}

static int is_unified(const char *where)
{
	return !*where || !strcmp(where, "unified");
}

void cgroup_make(struct cgroup *c)
{
	for (size_t i = 0; i < c->count; i++) {
		int parent = c->hierarchies[i].parent;

		if (mkdirat(parent, c->name, 0755) < 0)
			continue;
		c->made++;
		if (is_unified(c->hierarchies[i].title))
			c->unified = openat(
				parent, c->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
}

void cgroup_join(const struct cgroup *c)
{
	char path[CGROUP_NAME_MAX + 8];

	(void)snprintf(path, sizeof(path), "%s/tasks", c->name);
	for (size_t i = 0; i < c->count; i++) {
		auto_close int tasks = -1;

		if (is_unified(c->hierarchies[i].title))
			continue;
		tasks = openat(c->hierarchies[i].parent, path, O_WRONLY | O_CLOEXEC);
		/* A real-time process may not enter a new group of cpu: it stays where it is.
		 */
		if (tasks >= 0 && io_write(tasks, "0", 1) < 0)
			continue;
	}
}

static void kill_all(int parent, const char *name)
{
	char path[CGROUP_NAME_MAX + 16];
	auto_close int kills = -1;

	(void)snprintf(path, sizeof(path), "%s/cgroup.kill", name);
	kills = openat(parent, path, O_WRONLY | O_CLOEXEC);
	/* Kernels before 5.14 cannot; process 1 takes all with it in any case. */
	if (kills >= 0 && io_write(kills, "1", 1) < 0)
		return;
}

/* One that still has processes is busy; they are dying, so it is tried again, ever more slowly.
 */
static void remove_one(int parent, const char *name)
{
	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
		(void)poll(NULL, 0, 1 << i);
	}
}

void cgroup_remove(const struct cgroup *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (is_unified(c->hierarchies[i].title))
			kill_all(c->hierarchies[i].parent, c->name);
	for (size_t i = 0; i < c->count; i++)
		remove_one(c->hierarchies[i].parent, c->name);
}
