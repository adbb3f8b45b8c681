/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"

/*
 * File systems that a payload expects. Missing mount points are made; what is mounted already
 * (EBUSY) is left; nothing here is fatal, what failed is said.
 */

/* /proc alone: all that cinit mounts in a container, and only where there is none. */
void mounts_proc(int verbosity);

/* A machine's /dev, /proc and /sys: before the record can be read. */
void mounts_early(int verbosity);

/* Takes those three along into a new root at `root`. */
void mounts_move(const char *root, int verbosity);

/* The rest: pts, shm, mqueue, cgroup2; /run and /tmp where the root cannot be written. */
void mounts_late(int verbosity);

/* Those of the record, in order, and back in reverse order. */
void mounts_add(const struct boot_mounts *mounts, int verbosity);
void mounts_remove(const struct boot_mounts *mounts, int verbosity);

/*
 * mount(2) with fstab's words (ro,nosuid,size=64m): known ones become flags, the rest is handed
 * to the file system. 0 or -errno.
 */
int mounts_mount(const char *source, const char *target, const char *type, const char *options);

/* Makes a directory and its missing parents, 0755. */
void mounts_make_directory(const char *path);
