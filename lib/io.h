/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/* A file of the host, by whatever name. */
struct file_id {
	dev_t device;
	ino_t number;
};

/*
 * Whole reads and writes on descriptors: EINTR and short counts are dealt with here. Those
 * without a struct err return a count or -errno and leave the description to the caller.
 */

/*
 * Opens what of the standard descriptors is closed, so that no file that is opened later is
 * read, or gets messages, in its place; reading and writing them fails as before.
 */
void io_hold_standard(void);

/* Reads until `size` bytes or the end; returns how many came. */
ssize_t io_read(int fd, void *to, size_t size) must_check;
ssize_t io_pread(int fd, void *to, size_t size, off_t offset) must_check;

/* Writes all of it; returns 0. */
int io_write(int fd, const void *from, size_t size) must_check;
int io_pwrite(int fd, const void *from, size_t size, off_t offset) must_check;

/*
 * Copies `size` bytes from `from` at `offset` (which does not move) to where `to` stands, in
 * the kernel where it can. -EIO when the source ends early.
 */
int io_copy(int from, off_t offset, uint64_t size, int to) must_check;

/* The whole rest of fd into b; -EFBIG beyond `limit` bytes. */
int io_slurp(int fd, struct buf *b, size_t limit) must_check;

/* The whole regular file `path` below dirfd (AT_FDCWD for a host path) into b. */
int io_load(int dirfd, const char *path, struct buf *b, size_t limit, struct err *e) must_check;

/*
 * Adds to the description of a failure r to open something for reading what to do where that is
 * -EACCES: whose it is, by a descriptor of its path (O_PATH; or -1, where that cannot be had:
 * then a folder above it is closed). Returns r.
 */
int io_denied(int path, int r, struct err *e);

/* Makes an unlinked temporary file in `dir` (NULL: $TMPDIR or /tmp); returns its descriptor. */
int io_scratch(const char *dir, struct err *e) must_check;
