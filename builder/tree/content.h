/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "lib/mem.h"

/*
 * The bytes of a regular file: where they lie (in an unlinked spool file, in the source itself
 * where that is not compressed, or in memory for small files that cbuild makes), as extents in
 * order; what no extent covers is a hole. Contents live in an arena.
 */
struct extent {
	uint64_t at;     /* in the file */
	uint64_t size;   /* bytes, not 0 */
	uint64_t offset; /* in the source */
};

struct content {
	uint64_t size; /* of the file, holes included */
	int fd;        /* the source, not owned; -1: `bytes` */
	uint32_t extent_count;
	const struct extent *extents;
	const void *bytes;               /* fd -1: the source in memory */
	const struct content_file *file; /* fd is the folder that this one lies in, or NULL */
	bool is_file; /* fd is this very file, holes and all, and has no name yet */
};

/* A whole file out of memory; the bytes are copied into the arena. */
const struct content *content_of_bytes(struct arena *a, const void *bytes, size_t size);

/* A whole file without holes at `offset` of fd. */
const struct content *content_of_fd(struct arena *a, int fd, uint64_t offset, uint64_t size);

/* A sparse file; the extents are copied. */
const struct content *content_of_extents(
	struct arena *a, int fd, uint64_t size, const struct extent *extents, uint32_t count);

/* The same of a file that has no other content and may get a name: see content_link. */
const struct content *content_of_file(
	struct arena *a, int fd, uint64_t size, const struct extent *extents, uint32_t count);

/*
 * The same of a file of the folder `dir`, which is opened only while its bytes are read, and
 * must then be what `st` said. The path is not copied.
 */
const struct content *content_of_path(struct arena *a, int dir, const char *path,
	const struct stat *st, const struct extent *extents, uint32_t count);

/*
 * Gives the file a name in dir, instead of a copy of it: when there is a file, on that file
 * system, which has no name yet. Else -errno, and nothing has changed.
 */
int content_link(const struct content *c, int dir, const char *name) must_check;

/*
 * Hands the file out in order as chunks: `bytes` NULL means a hole of that size. A chunk is at
 * most 1 MiB where it has bytes. The sink's result other than 0 ends it and is returned.
 */
typedef int content_sink(const void *bytes, uint64_t size, void *context, struct err *e);
int content_read(
	const struct content *c, content_sink *sink, void *context, struct err *e) must_check;

/* Writes it to a fresh, empty file, leaving holes as holes; copies in the kernel where it can.
 */
int content_write(const struct content *c, int to, struct err *e) must_check;

/* Reads at most `size` bytes at offset into `to` (holes as zeros); returns how many. */
ssize_t content_pread(const struct content *c, void *to, size_t size, uint64_t offset,
	struct err *e) must_check;

/* Reads bytes of the source, all of them or it fails: `offset` is that of an extent. */
int content_fetch(const struct content *c, void *to, size_t size, uint64_t offset,
	struct err *e) must_check;

/* Copies bytes of the source, those of an extent, to where the descriptor stands. */
int content_copy(const struct content *c, uint64_t offset, uint64_t size, int to,
	struct err *e) must_check;
