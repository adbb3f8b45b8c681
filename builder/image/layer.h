/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/spool.h"
#include "builder/tree/entry.h"
#include "lib/attr.h"
#include "lib/err.h"
#include "lib/unpack.h"

/*
 * A tar stream as a list of entries, through libarchive, which knows v7, ustar, GNU and pax
 * headers, their sparse forms and their extended attributes. It is the only reader of
 * libarchive.
 */
struct layer_stream {
	unpack_source *next; /* the unpacked bytes */
	void *context;
	/* Skips that many bytes, for skim; NULL: cannot. */
	int64_t (*skip)(void *context, int64_t size);
	int fd;              /* whose bytes they are as they lie there, from `base` on; or -1 */
	uint64_t base;       /* in fd */
	struct spool *spool; /* for fd -1 */
	uint64_t size_limit; /* of one file with its holes; 0: none */
	_Atomic uint64_t *entries; /* left to be read, of all layers; NULL: any number */
	_Atomic uint64_t *kept; /* counts attributes that are left out: tree/kept.h; or NULL */
};

/*
 * Reads all entries up to the end of the archive; what follows in the stream is left. Files'
 * contents are in place in `fd`, or in the spool.
 */
int layer_read(const struct layer_stream *s, struct entry_list *out, struct err *e) must_check;

/*
 * Reads headers only, skipping contents, which are where fd has them; sparse files have none.
 * Ends quietly when `enough` says so.
 */
int layer_skim(const struct layer_stream *s, bool (*enough)(const struct entry *entry),
	struct entry_list *out, struct err *e) must_check;
