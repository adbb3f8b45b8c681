/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * Paths that an image or a container names, opened below a directory descriptor with
 * openat2(2): nothing outside that directory is ever reached, whatever symbolic links, `..` or
 * absolute paths say. These are the only opens that may be used where images or roots are
 * handled (tests/layers.sh looks). All descriptors are O_CLOEXEC. They return a descriptor or
 * -errno.
 */

/* As if `root` were /: absolute links and `..` stay inside (RESOLVE_IN_ROOT), magic links fail.
 */
int beneath_open(int root, const char *path, int flags, mode_t mode) must_check;

/* The last component is not followed when it is a link, and no other is: for our own trees. */
int beneath_open_plain(int root, const char *path, int flags, mode_t mode) must_check;

/*
 * Makes the directory `path` and its missing parents, 0755, below root and returns an O_PATH
 * descriptor of it. Links are followed inside the root; a component that is something else than
 * a directory is -ENOTDIR.
 */
int beneath_mkdir(int root, const char *path) must_check;

/*
 * The whole regular file `path` below root into b; -EFBIG beyond `limit` bytes, -EINVAL for
 * what is no regular file, which is never opened but as a path.
 */
int beneath_load(
	int root, const char *path, struct buf *b, size_t limit, struct err *e) must_check;
