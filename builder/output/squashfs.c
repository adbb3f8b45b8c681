/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "builder/output/output.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/share.h"
#include "lib/spawn.h"

/*
 * A squashfs, made by tar2sqfs(1) of squashfs-tools-ng out of our tar as it comes: no second
 * copy of the tree, 15 MiB of memory, and the same bytes each time, however many threads.
 */

enum {
	/* zstd's own; with tar2sqfs's 15 it is 13 % smaller, for 30 times the processor time.
	 */
	ZSTD_USUAL = 3,
	PIPE = 1024 * 1024
};

/* Its command line, with the words that are made for it. */
struct words {
	const char *argv[16];
	char jobs[16], level[32];
};

static void choose_words(const struct output *o, struct words *w)
{
	const char *compression = o->image ? o->image->compression : NULL;
	int level = o->image ? o->image->level : 0;
	size_t n = 6;

	*w = (struct words){ .argv = { "tar2sqfs", "--quiet", "--force", "--num-jobs", w->jobs,
				     "--compressor" } };
	(void)snprintf(w->jobs, sizeof(w->jobs), "%u", share_threads());
	w->argv[n++] = compression ? compression : "zstd";
	if (!level && !strcmp(w->argv[n - 1], "zstd"))
		level = ZSTD_USUAL;
	if (level) {
		(void)snprintf(w->level, sizeof(w->level), "level=%d", level);
		w->argv[n++] = "--comp-extra";
		w->argv[n++] = w->level;
	}
	/*
	 * It opens what it writes by name, and for reading too, and removes the name when it
	 * fails: that must not be one of /dev.
	 */
	w->argv[n] = "/proc/self/fd/1";
}

static int start(const struct words *w, int from, int to, int log, pid_t *pid, struct err *e)
{
	const struct spawn s = {
		.argv = w->argv, .dir = -1, .in = from, .out = to, .error = log
	};
	int r = spawn_start(&s, pid, e);

	if (r == -ENOENT)
		return err_hint(e, r, "type: apt-get install squashfs-tools-ng");
	return r;
}

/* linux/fs/squashfs/squashfs_fs.h, SQUASHFS_XATTR_USER and so on. */
static bool is_held(const char *name)
{
	static const char *const prefixes[] = { "user.", "trusted.", "security." };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static int count_left_out(const struct node *n, const char *path, void *context, struct err *e)
{
	size_t *count = context;

	(void)path;
	(void)e;
	for (uint32_t i = 0; i < n->inode->xattr_count; i++)
		*count += !is_held(n->inode->xattrs[i].name);
	return 0;
}

static int note_left_out(const struct output *o, struct err *e)
{
	size_t count = 0;
	int r = count_left_out(tree_root(o->tree), "", &count, e);

	if (r == 0)
		r = tree_walk(o->tree, count_left_out, &count, e);
	if (r == 0 && count)
		output_note(o,
			"%zu extended attributes (ACLs) were left out: a squashfs has none",
			count);
	return r;
}

int output_squashfs(const struct output *o, int fd, struct err *e)
{
	auto_close int reads = -1, writes = -1, log = -1;
	struct err tar_error = { 0 };
	int pipes[2], r, written;
	struct words words;
	pid_t pid;

	choose_words(o, &words);
	log = io_scratch(NULL, e);
	if (log < 0)
		return log;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = pipes[0];
	writes = pipes[1];
	/* Without room for that, a smaller one will do. */
	(void)fcntl(writes, F_SETPIPE_SZ, PIPE);
	r = start(&words, reads, fd, log, &pid, e);
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
	return r == 0 ? note_left_out(o, e) : r;
}
