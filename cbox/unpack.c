/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/unpack.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/build.h"
#include "builder/tree/kept.h"
#include "launch/mounts.h"
#include "lib/auto.h"
#include "lib/beneath.h"

int unpack_is_layout(int dir)
{
	auto_close int mark = beneath_open(dir, "oci-layout", O_PATH, 0);

	return mark >= 0;
}

bool unpack_is_rootless(int dir)
{
	char path[64];

	/* The descriptor is for paths only, which has no attributes. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	return getxattr(path, KEPT_STAT, NULL, 0) >= 0;
}

static int own_mounts(struct err *e)
{
	if (unshare(CLONE_NEWNS) < 0) {
		int r = err_sys(e, "cannot make a mount namespace");

		return r == -EPERM
			       ? err_hint(e, r,
					 "run cbox as root, or type 'cbuild IMAGE -o ROOTFS' and "
					 "run that")
			       : r;
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "cannot make the mounts private");
	return 0;
}

static int build(const char *path, bool plain, int dir, struct err *e)
{
	const struct build_request request = {
		.inputs = &path, .input_count = 1, .plain = plain
	};
	struct build *b = NULL;
	int r = build_tree(&request, &b, e);

	if (r == 0)
		r = build_write(b, "dir", dir, e);
	build_free(b);
	return r;
}

/* Attached only in the end: until then the builder may need what lies in the host's /tmp. */
static int attach(int memory, struct err *e)
{
	auto_close int place = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (place < 0)
		return err_sys(e, "cannot open '/tmp'");
	return mounts_attach(memory, place, "/tmp", e);
}

int unpack_image(const char *path, bool plain, struct err *e)
{
	static const struct mounts_option options[] = { { "mode", "755" }, { NULL, NULL } };
	auto_close int memory = -1, dir = -1;
	int r = own_mounts(e);

	if (r < 0)
		return r;
	memory = mounts_new("tmpfs", options, MOUNT_ATTR_NODEV, e);
	if (memory < 0)
		return memory;
	dir = openat(memory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "cannot open the root in memory");
	r = build(path, plain, dir, e);
	if (r == 0)
		r = attach(memory, e);
	return r < 0 ? r : take_fd(&dir);
}
