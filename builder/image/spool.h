/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/tree/content.h"
#include "lib/attr.h"
#include "lib/err.h"
#include "lib/mem.h"

/*
 * Where the bytes of files go that cannot be read in place: one unlinked scratch file for the
 * whole image. Each layer writes it through a writer of its own, in regions that it reserves,
 * so that layers can be read at the same time; the files of one region lie side by side and
 * small ones cost no system call of their own.
 *
 * Where the file system is known that the output will lie on, large files get a nameless file
 * there, which the output can give a name: so most bytes of an image are written once.
 */
enum { SPOOL_FILES_MAX = 384, SPOOL_FILE_MIN = 256 * 1024 };

struct spool {
	int fd;
	_Atomic uint64_t end;
	const char *target;          /* host directory of the output; NULL: not known */
	_Atomic uint32_t file_count; /* asked for, which may be more than there are */
	int files[SPOOL_FILES_MAX];
};

struct spool_writer {
	struct spool *spool;
	char *bytes;     /* of the region, not yet written */
	size_t used;     /* of bytes */
	size_t room;     /* left in the region */
	uint64_t offset; /* of `bytes` in the file */
	struct extent *extents;
	size_t extent_count, extent_capacity; /* of the file that is being written */
	int *kept; /* it has a file of its own, in the spool's list; or NULL */
};

int spool_open(struct spool *s, const char *dir, const char *target, struct err *e) must_check;
void spool_release(struct spool *s);

void spool_writer_init(struct spool_writer *w, struct spool *s);
void spool_writer_release(struct spool_writer *w);

/* Begins a file, of so many bytes with its holes. */
void spool_begin(struct spool_writer *w, uint64_t size);

/* Adds bytes to the current file at `at`, which is not less than before. */
int spool_put(struct spool_writer *w, const void *bytes, size_t size, uint64_t at,
	struct err *e) must_check;

/* Ends the current file, which is `size` bytes long with its holes. */
const struct content *spool_file(struct spool_writer *w, struct arena *a, uint64_t size);

/* Writes what is still held back. */
int spool_flush(struct spool_writer *w, struct err *e) must_check;

/* Adds an extent to a list, joined to the last where it goes on from there. */
void extents_add(struct extent **list, size_t *count, size_t *capacity, struct extent x);
