/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/tree/entry.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * What no layer may hold. Each reason is a row of the table in refuse.c and has a file in
 * tests/refuse/.
 */
enum { PATH_LENGTH_MAX = 4095, NAME_LENGTH_MAX = 255, XATTR_LENGTH_MAX = 65536 };

/*
 * A path without leading, trailing and doubled slashes, `.` and `..`, which is taken back by
 * what is before it, whatever that is (as docker and containerd do it).
 */
struct clean_path {
	char text[PATH_LENGTH_MAX + 1]; /* "" is the root */
	size_t length;
	const char *name; /* the last component, in text */
};

/* -EINVAL when it leads out of the root, -ENAMETOOLONG. */
int path_clean(const char *path, struct clean_path *to) must_check;

/*
 * Judges an entry before anything has changed; *path is its cleaned path. -EINVAL with the
 * reason in e, which names the entry.
 */
int refuse(const struct entry *entry, struct clean_path *path, struct err *e) must_check;
