/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/spool.h"
#include "builder/tree/entry.h"
#include "builder/tree/limits.h"
#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * The files that an image consists of: the members of an archive, by the archive's own index,
 * or the files of a folder, opened below it. Only regular files come out of here, so that
 * nothing waits on a FIFO or reads a device.
 */
struct source {
	const char *path; /* as the user gave it */
	int dir;          /* the folder; -1 where it is an archive */
	int archive;      /* plain and seekable; -1 where it is a folder */
	uint64_t size;    /* of the archive */
	bool partial; /* the index ends where it was clear that this is a root file system */
	struct entry_list members;
	struct entry **index; /* members by name, sorted, the last of equal names only */
	size_t index_count;
};

struct blob {
	int fd;          /* -1: none */
	bool owned;      /* by the blob */
	uint64_t offset; /* in fd */
	uint64_t size;
};

#define auto_blob released_by(blob_release)
#define BLOB_NONE ((struct blob){ .fd = -1 })

/*
 * Opens a host path, or "-". A compressed archive, or one that cannot be read twice, is put
 * into a scratch file first, within the limits.
 */
int source_open(struct source *s, const char *path, const char *scratch,
	const struct limits *limits, struct err *e) must_check;
void source_release(struct source *s);

/* Gives back the index of an archive whose members are no blobs: it has none from here on. */
void source_forget(struct source *s);

bool source_has(const struct source *s, const char *name);

/*
 * The regular file of that name. Links inside an archive are followed to its other members
 * (docker up to 24 has equal layers once and links to it), links in a folder to files of the
 * folder.
 */
int source_find(
	const struct source *s, const char *name, struct blob *blob, struct err *e) must_check;

void blob_release(struct blob *b);

/* Reads a blob of at most 4 MiB whole; digest may be NULL. */
int blob_load(const struct blob *b, const char *name, const char *digest, struct buf *to,
	struct err *e) must_check;
