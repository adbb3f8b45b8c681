/* SPDX-License-Identifier: Apache-2.0 */
#include "init/root.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/clock.h"
#include "init/mounts.h"
#include "init/say.h"

/* Places in the first root, which is memory. */
#define PLACE "/.cinit"
#define LOWER PLACE "/lower"
#define UPPER PLACE "/upper"
#define WORK  PLACE "/work"
#define ROOT  PLACE "/root"

enum { DEVICE_WAIT_MS = 5000, DEVICE_POLL_MS = 5 };

/* A disk may turn up a moment after its driver has been loaded. */
static void wait_for_device(const char *path)
{
	const struct timespec pause = clock_span(DEVICE_POLL_MS);
	int64_t until = clock_ms() + DEVICE_WAIT_MS;

	if (strncmp(path, "/dev/", 5))
		return;
	while (access(path, F_OK) < 0 && clock_ms() < until)
		(void)nanosleep(&pause, NULL);
}

static int mount_source(const struct boot *b, const char *target, bool read_only)
{
	char options[1024] = "rw,";

	if (read_only)
		memcpy(options, "ro,", sizeof("ro,"));
	if (b->root_options) {
		size_t length = strlen(b->root_options);

		if (length + 4 > sizeof(options))
			return -E2BIG;
		memcpy(options + 3, b->root_options, length + 1);
	}
	return mounts_mount(b->root, target, b->root_type ? b->root_type : "ext4", options);
}

static int mount_root(const struct boot *b)
{
	int r;

	mounts_make_directory(ROOT);
	if (b->root_mode != BOOT_ROOT_OVERLAY)
		return mount_source(b, ROOT, b->root_mode == BOOT_ROOT_RO);
	r = mounts_mount("tmpfs", PLACE, "tmpfs", "mode=0755");
	if (r < 0)
		return r;
	mounts_make_directory(LOWER);
	mounts_make_directory(UPPER);
	mounts_make_directory(WORK);
	mounts_make_directory(ROOT);
	r = mount_source(b, LOWER, true);
	if (r < 0)
		return r;
	return mounts_mount("overlay", ROOT, "overlay",
		"lowerdir=" LOWER ",upperdir=" UPPER ",workdir=" WORK);
}

/* The first root cannot be pivoted away: it is moved over and left (switch_root(8)). */
static int enter(void)
{
	if (chdir(ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
		chdir("/") < 0)
		return -errno;
	return 0;
}

int root_switch(const struct boot *b, int verbosity)
{
	int r;

	wait_for_device(b->root);
	r = mount_root(b);
	if (r < 0) {
		say(verbosity, SAY_ERROR, "cannot mount the root '%s' (%s): %e", b->root,
			b->root_type ? b->root_type : "ext4", -r);
		return r;
	}
	mounts_move(ROOT, verbosity);
	r = enter();
	if (r < 0)
		say(verbosity, SAY_ERROR, "cannot enter the root '%s': %e", b->root, -r);
	return r;
}

void root_settle(void)
{
	sync();
	(void)mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
}
