/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/auto.h"

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
