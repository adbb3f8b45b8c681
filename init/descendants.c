/* SPDX-License-Identifier: Apache-2.0 */
#include "init/descendants.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "init/say.h"

enum { DEPTH_MAX = 32 };

/* /proc/PID/task/PID/children: pids with a blank behind each; proc_pid_children(5). */
static int open_children(pid_t pid)
{
	char path[80] = "/proc/";
	size_t n = 6;

	n += say_number(path + n, pid);
	memcpy(path + n, "/task/", 6);
	n += 6;
	n += say_number(path + n, pid);
	memcpy(path + n, "/children", sizeof("/children"));
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void signal_below(pid_t pid, int signal, int depth)
{
	int fd = open_children(pid);
	pid_t child = 0;
	char bytes[256];
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] >= '0' && bytes[i] <= '9') {
				child = child * 10 + bytes[i] - '0';
				continue;
			}
			/* Its children first: when it is dead they are no longer found below
			 * it. */
			if (child > 1 && depth < DEPTH_MAX)
				signal_below(child, signal, depth + 1);
			if (child > 1)
				(void)kill(child, signal);
			child = 0;
		}
	}
	(void)close(fd);
}

void descendants_signal(const struct init *in, int signal)
{
	if (in->role == ROLE_SUBREAPER)
		signal_below(getpid(), signal, 0);
	else
		(void)kill(-1, signal);
}
