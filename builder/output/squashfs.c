/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "builder/output/output.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/spawn.h"

/*
 * A squashfs, made by tar2sqfs(1) of squashfs-tools-ng out of our tar as it comes: no second
 * copy of the tree, 15 MiB of memory, and the same bytes each time.
 */

static int start(int from, int to, int log, pid_t *pid, struct err *e)
{
	/*
	 * It opens what it writes by name, and for reading too, and removes the name when it
	 * fails: that must not be one of /dev.
	 */
	static const char *const argv[] = { "tar2sqfs", "--quiet", "--force", "--compressor",
		"zstd", "/proc/self/fd/1", NULL };
	const struct spawn s = { .argv = argv, .dir = -1, .in = from, .out = to, .error = log };
	int r = spawn_start(&s, pid, e);

	if (r == -ENOENT)
		return err_hint(e, r, "type: apt-get install squashfs-tools-ng");
	return r;
}

int output_squashfs(const struct output *o, int fd, struct err *e)
{
	auto_close int reads = -1, writes = -1, log = -1;
	struct err tar_error = { 0 };
	int pipes[2], r, written;
	pid_t pid;

	log = io_scratch(NULL, e);
	if (log < 0)
		return log;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = pipes[0];
	writes = pipes[1];
	r = start(reads, fd, log, &pid, e);
	if (r < 0)
		return r;
	auto_close_fd(&reads);
	written = output_tar(o, writes, &tar_error);
	auto_close_fd(&writes);
	r = spawn_wait(pid, "tar2sqfs", e);
	if (r < 0)
		output_quote(log, fd, e);
	/* A broken pipe only says that it died, and it has said why. */
	if (written < 0 && (r == 0 || written != -EPIPE)) {
		*e = tar_error;
		return written;
	}
	return r;
}
