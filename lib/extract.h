/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * Small things out of compressed streams and archives that are trusted as much as the host's
 * own files: a kernel's payload, a module, a file of a package or of an initramfs. Images are
 * not read here.
 */

/*
 * Decompresses gzip, bzip2, xz, lzma, zstd and lz4 (also the legacy frames of kernels), told
 * apart by their first bytes; what is none of them comes out as it is. -EFBIG beyond `limit`
 * bytes.
 */
int extract_bytes(
	const void *from, size_t size, size_t limit, struct buf *to, struct err *e) must_check;

/* The first bytes of what a file holds, decompressed; returns how many, or -errno. */
ssize_t extract_peek(int fd, char *to, size_t size) must_check;

struct extract; /* an archive being read */

/*
 * Called for each regular file of an archive, `path` without a leading "./" or "/". A positive
 * result ends the reading and is returned.
 */
typedef int extract_visit(
	struct extract *u, const char *path, uint64_t size, void *context, struct err *e);

/* Visits the files of a tar or cpio stream, compressed or not, from where fd stands. */
int extract_each(int fd, extract_visit *visit, void *context, struct err *e) must_check;

/* The bytes of the file being visited; -EFBIG beyond `limit`. */
int extract_file(struct extract *u, size_t limit, struct buf *to, struct err *e) must_check;
