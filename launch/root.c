/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/root.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch/mounts.h"
#include "lib/auto.h"

enum { PATH_SIZE = 48 };

static int bind_root(int lower, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NODEV };
	auto_close int tree = open_tree(
		lower, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	int r;

	if (tree < 0 ||
		mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return err_sys(e, "cannot bind the root");
	r = mounts_attach(tree, lower, "/", e);
	return r < 0 ? r : take_fd(&tree);
}

/* A tmpfs with the upper layer's two directories, attached since overlayfs wants it so. */
static int make_scratch(int lower, struct err *e)
{
	static const struct mounts_option options[] = { { "mode", "700" }, { NULL, NULL } };
	auto_close int scratch = mounts_new(
		"tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
	struct stat st;
	int r;

	if (scratch < 0)
		return scratch;
	r = mounts_attach(scratch, lower, "scratch", e);
	if (r < 0)
		return r;
	/* The upper directory's mode and owner become those of /. */
	if (fstat(lower, &st) < 0 || mkdirat(scratch, "upper", 0700) < 0 ||
		mkdirat(scratch, "work", 0700) < 0 ||
		fchmodat(scratch, "upper", st.st_mode & 07777, 0) < 0)
		return err_sys(e, "cannot prepare the root's changes");
	/* In a user namespace the owner may have no id: then / is ours. */
	if (fchownat(scratch, "upper", st.st_uid, st.st_gid, 0) < 0 && errno != EINVAL &&
		errno != EPERM)
		return err_sys(e, "cannot prepare the root's changes");
	return take_fd(&scratch);
}

static int overlay_root(int lower, bool user_namespace, struct err *e)
{
	char paths[3][PATH_SIZE];
	struct mounts_option options[] = { { "lowerdir", paths[0] }, { "upperdir", paths[1] },
		{ "workdir", paths[2] }, { user_namespace ? "userxattr" : NULL, NULL },
		{ NULL, NULL } };
	auto_close int scratch = make_scratch(lower, e), root = -1;
	int r;

	if (scratch < 0)
		return scratch;
	(void)snprintf(paths[0], PATH_SIZE, "/proc/self/fd/%d", lower);
	(void)snprintf(paths[1], PATH_SIZE, "/proc/self/fd/%d/upper", scratch);
	(void)snprintf(paths[2], PATH_SIZE, "/proc/self/fd/%d/work", scratch);
	root = mounts_new("overlay", options, MOUNT_ATTR_NODEV, e);
	if (root < 0)
		return root;
	r = mounts_attach(root, scratch, "/", e);
	return r < 0 ? r : take_fd(&root);
}

int root_make(const struct plan *p, struct err *e)
{
	auto_close int lower = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (lower < 0)
		return err_sys(e, "cannot open '%s'", p->rootfs);
	if (p->root == PLAN_ROOT_WRITABLE)
		return bind_root(lower, e);
	return overlay_root(lower, p->namespaces & CLONE_NEWUSER, e);
}

int root_enter(int root, const struct plan *p, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (p->root == PLAN_ROOT_READ_ONLY &&
		mount_setattr(root, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_sys(e, "cannot make the root read-only");
	if (fchdir(root) < 0)
		return err_sys(e, "cannot enter the root");
	/* pivot_root(2), "NOTES": the old root comes to lie on the new one, and . is it. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(e, "cannot change the root");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "cannot let go of the host's root");
	if (chdir("/") < 0)
		return err_sys(e, "cannot enter the root");
	return 0;
}
