/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"

static int open_how(int root, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY ? mode : 0,
		.resolve = resolve,
	};

	for (;;) {
		long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		/* EAGAIN: a rename raced with the walk, and the kernel cannot vouch for it. */
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

int beneath_open(int root, const char *path, int flags, mode_t mode)
{
	return open_how(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int beneath_open_plain(int root, const char *path, int flags, mode_t mode)
{
	return open_how(
		root, path, flags | O_NOFOLLOW, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int beneath_mkdir(int root, const char *path)
{
	char part[4096];
	size_t length = strlen(path);

	if (length >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t end = 0; end < length;) {
		auto_close int parent = -1;
		const char *name;
		size_t start;

		while (path[end] == '/')
			end++;
		start = end;
		end += strcspn(path + end, "/");
		if (start == end)
			break;
		/* The parent is resolved afresh each time: a link in it leads where it leads
		 * now. */
		memcpy(part, path, end);
		part[end] = '\0';
		parent = beneath_open(root, part, O_PATH | O_DIRECTORY, 0);
		if (parent >= 0)
			continue;
		if (parent != -ENOENT)
			return parent;
		part[start] = '\0';
		parent = beneath_open(root, start ? part : ".", O_PATH | O_DIRECTORY, 0);
		if (parent < 0)
			return parent;
		memcpy(part, path + start, end - start);
		part[end - start] = '\0';
		name = part;
		if (mkdirat(parent, name, 0755) < 0)
			return -errno;
		if (fchmodat(parent, name, 0755, 0) < 0)
			return -errno;
	}
	return beneath_open(root, *path ? path : ".", O_PATH | O_DIRECTORY, 0);
}

int beneath_load(int root, const char *path, struct buf *b, size_t limit, struct err *e)
{
	auto_close int found = beneath_open(root, path, O_PATH, 0), fd = -1;
	char again[32];
	struct stat st;
	int r;

	if (found < 0)
		return err_code(e, found, "cannot open '%s'", path);
	if (fstat(found, &st) < 0)
		return err_sys(e, "cannot examine '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is not a regular file", path);
	(void)snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	fd = open(again, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	r = io_slurp(fd, b, limit);
	if (r == -EFBIG)
		return err_set(e, r, "'%s' is larger than %zu bytes", path, limit);
	return r < 0 ? err_code(e, r, "cannot read '%s'", path) : 0;
}
