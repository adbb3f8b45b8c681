/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/plan.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * Mounts by descriptor: a target is opened below the root first, and what is mounted goes to
 * that descriptor, so that no link in the root can lead a mount elsewhere.
 */

/* `key` NULL ends the list; `value` NULL is a flag. */
struct mounts_option {
	const char *key, *value;
};

/* A new file system, not attached yet; its descriptor, or -errno. */
int mounts_new(const char *type, const struct mounts_option *options, unsigned attributes,
	struct err *e) must_check;

/* Attaches `mount` on top of what `target` (O_PATH) names. */
int mounts_attach(int mount, int target, const char *what, struct err *e) must_check;

/* Binds the file or directory `source` on `target`. */
int mounts_bind(int source, int target, const char *what, struct err *e) must_check;

/* The directory `path` below root, made where it is missing; an O_PATH descriptor or -errno. */
int mounts_target(int root, const char *path, struct err *e) must_check;

/* Carries the plan's mounts out, in order. */
int mounts_all(int root, const struct plan *p, struct err *e) must_check;

/* Then hides what is to be hidden and write-protects what is to be; `null` is a /dev/null. */
int mounts_mask(int root, int null, const struct plan *p, struct err *e) must_check;
