/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "builder/output/output.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"
#include "lib/sha256.h"
#include "lib/spawn.h"

/*
 * An EROFS, made by mkfs.erofs(1) of erofs-utils, which reads a directory: the tree is staged
 * in a tmpfs that is mounted in a mount namespace of this thread's own, so that nothing is left
 * of it whatever happens. That takes root, and memory for the whole tree.
 */

static const char stage[] = "/sys"; /* a folder that every Linux has and mkfs.erofs needs not */

/* Where this thread was before. */
struct way_back {
	int mounts, cwd;
};

static void way_back_release(struct way_back *back)
{
	auto_close_fd(&back->mounts);
	auto_close_fd(&back->cwd);
}

static int enter_stage(struct way_back *back, struct err *e)
{
	back->mounts = openat(AT_FDCWD, "/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
	back->cwd = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (back->mounts < 0 || back->cwd < 0)
		return err_sys(e, "cannot tell where this is");
	if (unshare(CLONE_NEWNS) < 0)
		return err_hint(e, err_sys(e, "cannot stage the tree for mkfs.erofs"),
			"an EROFS needs root; as a user, write a squashfs or an ext4");
	return 0;
}

static int mount_stage(struct err *e)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("cbuild", stage, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=100%") <
			0)
		return err_sys(e, "cannot mount a tmpfs to stage the tree in");
	return 0;
}

/* With the namespace goes all that is mounted there. */
static int leave_stage(struct way_back *back, struct err *e)
{
	if (setns(back->mounts, CLONE_NEWNS) < 0 || fchdir(back->cwd) < 0)
		return err_sys(e, "cannot leave where the tree was staged");
	return 0;
}

/* A file system's name for itself, from what it was made of: RFC 4122, version 5's bits. */
static void make_uuid(const char *identity, char uuid[37])
{
	char digest[DIGEST_SIZE], *hex = digest + strlen("sha256:");
	struct sha256 sum;

	sha256_init(&sum);
	sha256_put(&sum, identity ? identity : "", identity ? strlen(identity) : 0);
	sha256_digest(&sum, digest);
	sha256_release(&sum);
	(void)snprintf(uuid, 37, "%.8s-%.4s-5%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12,
		hex + 15, hex + 18);
}

static int latest_time(const struct node *n, const char *path, void *context, struct err *e)
{
	int64_t *latest = context;

	(void)path;
	(void)e;
	if (n->inode->mtime.tv_sec > *latest)
		*latest = n->inode->mtime.tv_sec;
	return 0;
}

/* It takes its own time, and the latest of any file, from the environment. */
static int run_mkfs(const struct output *o, int fd, int log, struct err *e)
{
	int64_t latest = 0;
	char uuid[37], epoch[48];
	const char *const argv[] = { "env", epoch, "mkfs.erofs", "--quiet", "-U", uuid,
		"/dev/fd/3", stage, NULL };
	const struct spawn s = { .argv = argv,
		.dir = -1,
		.in = -1,
		.out = -1,
		.error = log,
		.more = &fd,
		.more_count = 1 };
	pid_t pid = -1;
	int r;

	(void)latest_time(tree_root(o->tree), "", &latest, e);
	r = tree_walk(o->tree, latest_time, &latest, e);
	(void)snprintf(epoch, sizeof(epoch), "SOURCE_DATE_EPOCH=%lld", (long long)latest + 1);
	make_uuid(o->identity, uuid);
	if (r == 0)
		r = spawn_start(&s, &pid, e);
	return r == 0 ? spawn_wait(pid, "mkfs.erofs", e) : r;
}

static int make_staged(const struct output *o, int fd, int log, struct err *e)
{
	auto_close int dir = openat(AT_FDCWD, stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dir < 0)
		return err_sys(e, "cannot open the staged tree");
	r = output_dir(o, dir, e);
	if (r < 0)
		return err_at(e, r, "staged in memory: ");
	r = run_mkfs(o, fd, log, e);
	if (r < 0)
		output_quote(log, fd, e);
	return r;
}

int output_erofs(const struct output *o, int fd, struct err *e)
{
	released_by(way_back_release) struct way_back back = { -1, -1 };
	auto_close int log = -1;
	struct err ignored;
	int r, left;

	if (!spawn_finds("mkfs.erofs"))
		return err_set(e, -ENOENT,
			"cannot find 'mkfs.erofs'; type: apt-get install erofs-utils");
	log = io_scratch(NULL, e);
	if (log < 0)
		return log;
	r = enter_stage(&back, e);
	if (r < 0)
		return r;
	r = mount_stage(e);
	if (r == 0)
		r = make_staged(o, fd, log, e);
	left = leave_stage(&back, r < 0 ? &ignored : e);
	return r < 0 ? r : left;
}
