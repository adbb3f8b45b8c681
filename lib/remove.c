/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/mem.h"

/* The directories from the first one down to where we are, to know `..` again. */
struct trail {
	struct stat *dirs;
	size_t depth, capacity;
	dev_t device;
};

static int open_dir(int dirfd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, name, flags);

	/* Our own directory, but without the bits to look into it. */
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, flags);
	return fd;
}

static int go_down(struct trail *t, int *dir, const char *name)
{
	auto_close int fd = open_dir(*dir, name);

	t->dirs = xgrow(t->dirs, &t->capacity, t->depth + 1, sizeof(*t->dirs));
	if (fd < 0 || fstat(fd, &t->dirs[t->depth]) < 0)
		return -errno;
	if (t->dirs[t->depth].st_dev != t->device)
		return -EXDEV;
	/* Without search permission nothing in it can be named. */
	if ((t->dirs[t->depth].st_mode & 0700) != 0700 && fchmod(fd, 0700) < 0)
		return -errno;
	t->depth++;
	auto_close_fd(dir);
	*dir = take_fd(&fd);
	return 0;
}

static int go_up(struct trail *t, int *dir)
{
	auto_close int fd = openat(*dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	t->depth--;
	if (st.st_ino != t->dirs[t->depth - 1].st_ino ||
		st.st_dev != t->dirs[t->depth - 1].st_dev)
		return -ESTALE;
	auto_close_fd(dir);
	*dir = take_fd(&fd);
	return 0;
}

static int drop(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* unlink(2) of a directory is EISDIR on Linux, EPERM in POSIX. */
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

/* Removes what it can; `deeper` is filled with a directory in it that is not empty. */
static int sweep(int dir, char deeper[256])
{
	auto_close int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closed DIR *list = copy < 0 ? NULL : fdopendir(copy);

	if (!list)
		return -errno;
	copy = -1;
	deeper[0] = '\0';
	for (struct dirent *d; (d = readdir(list));) {
		int r;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		r = drop(dir, d->d_name);
		if (r == -ENOTEMPTY || r == -EEXIST) {
			memcpy(deeper, d->d_name, strlen(d->d_name) + 1);
			return 0;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int empty(struct trail *t, int *dir)
{
	int r = 0;

	while (r == 0) {
		char deeper[256] = "";

		r = sweep(*dir, deeper);
		if (r == 0 && deeper[0])
			r = go_down(t, dir, deeper);
		else if (r == 0 && t->depth == 1)
			return 0;
		else if (r == 0)
			r = go_up(t, dir);
	}
	return r;
}

int remove_below(int dirfd, const char *name)
{
	struct trail t = { 0 };
	auto_close int dir = -1;
	struct stat st;
	int r = drop(dirfd, name);

	if (r != -ENOTEMPTY && r != -EEXIST)
		return r;
	if (fstat(dirfd, &st) < 0)
		return -errno;
	t.device = st.st_dev;
	dir = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (dir < 0)
		return -errno;
	r = go_down(&t, &dir, name);
	if (r == 0)
		r = empty(&t, &dir);
	free(t.dirs);
	return r < 0 ? r : drop(dirfd, name);
}
