/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/auto.h"
#include "lib/beneath.h"

int mounts_new(const char *type, const struct mounts_option *options, unsigned attributes,
	struct err *e)
{
	auto_close int fs = fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 && errno == ENODEV)
		return err_set(e, -ENODEV, "this kernel has no file system '%s'", type);
	if (fs < 0)
		return err_sys(e, "cannot open file system '%s'", type);
	for (; options->key; options++)
		if (fsconfig(fs, options->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
			    options->key, options->value, 0) < 0)
			return err_sys(
				e, "cannot set '%s' of a file system '%s'", options->key, type);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "cannot make a file system '%s'", type);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	return fd < 0 ? err_sys(e, "cannot mount a file system '%s'", type) : fd;
}

int mounts_attach(int mount, int target, const char *what, struct err *e)
{
	if (move_mount(mount, "", target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "cannot mount '%s'", what);
	return 0;
}

int mounts_bind(int source, int target, const char *what, struct err *e)
{
	auto_close int tree = open_tree(
		source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0)
		return err_sys(e, "cannot bind '%s'", what);
	return mounts_attach(tree, target, what, e);
}

int mounts_target(int root, const char *path, struct err *e)
{
	int fd = beneath_open(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd == -ENOENT)
		fd = beneath_mkdir(root, path);
	return fd < 0 ? err_code(e, fd, "cannot mount on '%s' of the root", path) : fd;
}

/* mount(2) takes only a name: the descriptor's in the host's /proc, which is still ours. */
static int mount_on(int target, const struct plan_mount *m)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	return mount(m->type, path, m->type, m->flags, m->data) < 0 ? -errno : 0;
}

int mounts_all(int root, const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->mount_count; i++) {
		const struct plan_mount *m = &p->mounts[i];
		auto_close int target = mounts_target(root, m->target, e);
		int r;

		if (target < 0)
			return target;
		r = mount_on(target, m);
		if (r == -ENODEV && m->optional)
			continue;
		if (r < 0)
			return err_code(e, r, "cannot mount '%s' (%s)", m->target, m->type);
	}
	return 0;
}

static int mask(int root, int null, const char *path, struct err *e)
{
	static const struct plan_mount empty = { NULL, "tmpfs",
		MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,nr_blocks=1", false };
	auto_close int target = beneath_open(root, path, O_PATH, 0);
	struct stat st;
	int r;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_code(e, target, "cannot mask '%s'", path);
	if (fstat(target, &st) < 0)
		return err_sys(e, "cannot mask '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return mounts_bind(null, target, path, e);
	r = mount_on(target, &empty);
	return r < 0 ? err_code(e, r, "cannot mask '%s'", path) : 0;
}

static int protect(int root, const char *path, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					       MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
	auto_close int target = beneath_open(root, path, O_PATH, 0), tree = -1;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_code(e, target, "cannot write-protect '%s'", path);
	tree = open_tree(
		target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0 ||
		mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return err_sys(e, "cannot write-protect '%s'", path);
	return mounts_attach(tree, target, path, e);
}

int mounts_mask(int root, int null, const struct plan *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; p->masked[i] && r == 0; i++)
		r = mask(root, null, p->masked[i], e);
	for (size_t i = 0; p->read_only[i] && r == 0; i++)
		r = protect(root, p->read_only[i], e);
	return r;
}
