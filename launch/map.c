/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/map.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"

static int write_file(pid_t pid, const char *name, const char *text, struct err *e)
{
	auto_close int fd = -1;
	char path[48];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : io_write(fd, text, strlen(text));
	return r < 0 ? err_code(e, r, "cannot write '%s' for user %u", path, geteuid()) : 0;
}

int map_ids(pid_t pid, struct err *e)
{
	char users[32], groups[32];
	int r;

	(void)snprintf(users, sizeof(users), "0 %u 1\n", geteuid());
	(void)snprintf(groups, sizeof(groups), "0 %u 1\n", getegid());
	/* Without it the group could be used to get around a file that its group may not read.
	 */
	r = write_file(pid, "setgroups", "deny", e);
	if (r == 0)
		r = write_file(pid, "uid_map", users, e);
	return r == 0 ? write_file(pid, "gid_map", groups, e) : r;
}
