/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "builder/tree/config.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"
#include "lib/ids.h"

/*
 * What makes a rootfs out of a merged image: process 1, a few files that were missing, and the
 * boot record. Only /sbin/cinit and /etc/cinit/boot are replaced where the image has them;
 * nothing else that it has is touched. All that is made belongs to root and has the time
 * `epoch`.
 */
struct adapt {
	struct tree *tree;
	time_t epoch;
};

/* The layer of inodes that no layer of the image has set. */
#define ADAPT_LAYER UINT32_MAX

/* Puts the program at /sbin/cinit, following the image's links (sbin -> usr/sbin). */
int adapt_init(
	const struct adapt *a, const void *program, size_t size, struct err *e) must_check;

/* Puts the files below the host directory `dir` in where the image has nothing by the name. */
int adapt_skeleton(const struct adapt *a, int dir, struct err *e) must_check;

/* /proc /sys /dev /run and /tmp, where missing. */
int adapt_mount_points(const struct adapt *a, struct err *e) must_check;

/* Puts an encoded boot record at /etc/cinit/boot. */
int adapt_record(
	const struct adapt *a, const void *record, size_t size, struct err *e) must_check;

/*
 * Makes the boot record from what the image's config says and puts it in. The user is looked up
 * in the tree's own /etc/passwd and /etc/group. An image that names no command runs its
 * /bin/sh; where it has none of that either, the record has no command, and one must be given
 * when it is started.
 */
int adapt_boot_record(
	const struct adapt *a, const struct image_config *config, struct err *e) must_check;

/* Who the image's User is, by the tree's own files; NULL is root. */
int adapt_user(
	const struct adapt *a, const char *user, struct ids *ids, struct err *e) must_check;
