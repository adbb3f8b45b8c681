/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/unpack.h"

/*
 * What unpack.c and its decompressors share; nobody else includes it. A codec keeps its state
 * in `state` and takes its input with codec_fill.
 */
struct codec {
	const char *name;
	const char *magic;
	size_t magic_size;
	int (*open)(struct unpack *u, struct err *e);
	int (*read)(struct unpack *u, void *to, size_t room, size_t *size, struct err *e);
	void (*close)(struct unpack *u);
};

struct unpack {
	const struct codec *codec;
	void *state;
	unpack_source *source;
	void *context;
	const unsigned char *in; /* not yet taken */
	size_t in_size;
	bool in_ended;
	unsigned char head[16]; /* a first block shorter than any magic */
	/* What libarchive was given: bytes in all, the last block, the end of what was before.
	 */
	uint64_t given;
	const unsigned char *block;
	size_t block_size, before_size;
	unsigned char before[16];
};

/* Takes the next block of the source into in and in_size when there is nothing left there. */
int codec_fill(struct unpack *u, struct err *e) must_check;

/* Whether zeros alone follow, which archives may be padded with; eats them. */
int codec_only_zeros(struct unpack *u, bool *yes, struct err *e) must_check;

extern const struct codec codec_gzip, codec_zstd;
