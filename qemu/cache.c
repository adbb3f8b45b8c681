/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/cache.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"

char *cache_path(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && cache[0] == '/')
		return xasprintf("%s/cinit", cache);
	if (home && home[0] == '/' && home[1])
		return xasprintf("%s/.cache/cinit", home);
	return xstrdup(geteuid() == 0 ? "/var/cache/cinit" : "/tmp/cinit-cache");
}

static int make_with_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int cache_open(struct cache *c, struct err *e)
{
	auto_free char *path = cache_path();
	auto_close int dir = -1;
	struct stat st;
	int r = make_with_parents(path);

	if (r < 0)
		return err_code(e, r, "cannot make the cache folder '%s'", path);
	dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) < 0)
		return err_sys(e, "cannot open the cache folder '%s'", path);
	if (st.st_uid != geteuid())
		return err_set(e, -EPERM,
			"the cache folder '%s' belongs to another user; set "
			"XDG_CACHE_HOME to a folder of your own",
			path);
	c->dir = take_fd(&dir);
	c->path = take_memory(&path);
	return 0;
}

void cache_release(struct cache *c)
{
	if (!c)
		return;
	auto_close_fd(&c->dir);
	auto_free_memory(&c->path);
}

int cache_put(int dir, const char *name, const void *bytes, size_t size, struct err *e)
{
	auto_free char *beside = xasprintf(".%s.%ld", name, (long)getpid());
	auto_close int fd = openat(dir, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return err_sys(e, "cannot make '%s' in the cache", name);
	r = io_write(fd, bytes, size);
	if (r == 0 && renameat(dir, beside, dir, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir, beside, 0);
		return err_code(e, r, "cannot write '%s' in the cache", name);
	}
	return 0;
}

int cache_lock(const struct cache *c, int *lock, struct err *e)
{
	auto_close int fd = openat(c->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "cannot open '%s/lock'", c->path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, "cannot lock '%s/lock'", c->path);
	*lock = take_fd(&fd);
	return 0;
}
