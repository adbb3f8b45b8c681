/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * Just enough of EROFS (builder/output/erofs_format.h) to read one file of a disk that is ready
 * made, without mounting it. Nothing in it is believed.
 */

/* Whether it is an EROFS, by its superblock. */
bool disk_is(int fd);

/*
 * The whole regular file `path` into *out; links are not followed. -ENOENT where there is none;
 * -EFBIG beyond `limit` bytes; -ENOTSUP where it, or a directory on the way, is compressed.
 */
int disk_load(
	int fd, const char *path, size_t limit, struct buf *out, struct err *e) must_check;
