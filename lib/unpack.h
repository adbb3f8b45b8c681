/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Decompression of a stream that is pulled through: gzip (several members too), zstd (several
 * frames), xz, bzip2, lz4, or none, known by its first bytes. What follows the last member and
 * is not zeros is an error, and so is a stream that ends early or has a wrong checksum.
 */
struct unpack;

/*
 * Gives the next bytes of the source, any number, which stay until the next call; 0 bytes at
 * the end. Returns 0 or -errno with *e set.
 */
typedef int unpack_source(void *context, const void **bytes, size_t *size, struct err *e);

int unpack_new(
	unpack_source *source, void *context, struct unpack **out, struct err *e) must_check;
void unpack_free(struct unpack *u);

/* Puts the next unpacked bytes, at most `room` of them, to `to`; *size is 0 at the end only. */
int unpack_read(
	struct unpack *u, void *to, size_t room, size_t *size, struct err *e) must_check;

/* "gzip", "zstd", "xz", "bzip2", "lz4" or "none". */
const char *unpack_format(const struct unpack *u);
