/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "builder/output/erofs_format.h"
#include "builder/output/output.h"
#include "builder/tree/content.h"
#include "builder/tree/tree.h"

/*
 * An EROFS being written from front to back: what erofs.c (the whole), erofs_plan.c (where all
 * will lie), erofs_inode.c, erofs_xattr.c, erofs_dir.c and erofs_file.c (what lies there), and
 * erofs_stream.c (how it gets out) share. All is planned and checked before the first byte.
 */

enum { EROFS_BUFFER = 1024 * 1024 };

/* Where an inode lies, and how. */
struct erofs_place {
	const struct node *node; /* the first of its names; NULL: not met yet */
	uint64_t nid;
	uint64_t size;   /* of its data, as i_size has it */
	uint32_t block;  /* the first of its blocks, counted from the first block of data */
	uint32_t xattrs; /* bytes of attributes, header included */
	uint32_t ino;    /* from 1 */
	uint32_t links;
	uint8_t layout;
	uint8_t chunk_log; /* of a chunk's bytes, with EROFS_CHUNK_BASED */
	bool extended, has_blocks;
};

struct erofs {
	const struct output *o;
	struct erofs_place *places; /* by inode id */
	uint32_t *order;            /* inode ids, sorted by nid */
	uint32_t count;             /* inodes */
	struct timespec time;       /* of all compact inodes */
	uint64_t meta_blocks;       /* up to the first block of data */
	uint64_t data_blocks;
	bool chunked;      /* there is a file with holes */
	size_t attributes; /* that were left out */
	const char *attribute;
	int fd;
	char *bytes; /* what is to be written next */
	size_t used;
	uint64_t written;
};

static inline uint64_t erofs_blocks(uint64_t bytes)
{
	return bytes / EROFS_BLOCK + (bytes % EROFS_BLOCK != 0);
}

static inline uint64_t erofs_chunk_count(uint64_t size, unsigned log)
{
	return (size >> log) + ((size & ((1ULL << log) - 1)) != 0);
}

/* Where all of the tree will lie; refuses what the format cannot hold. */
int erofs_plan(struct erofs *x, struct err *e) must_check;

/* Bytes of an inode's attributes, and of its record with all that must follow it. */
int erofs_xattrs_size(
	struct erofs *x, const struct inode *i, uint32_t *size, struct err *e) must_check;
uint64_t erofs_record_size(const struct erofs_place *p);

/* How a regular file lies best: sets layout, chunk_log and the blocks that it takes. */
void erofs_choose_chunks(struct erofs_place *p, const struct content *c, uint64_t *blocks);

uint64_t erofs_directory_size(const struct node *dir);

/* The pieces, in the order of their place. Each returns 0 or -errno. */
int erofs_put_inode(struct erofs *x, const struct erofs_place *p, struct err *e) must_check;
int erofs_put_xattrs(struct erofs *x, const struct inode *i, struct err *e) must_check;
int erofs_put_chunks(struct erofs *x, const struct erofs_place *p, struct err *e) must_check;
/* A directory's names: of its last block, which lies behind its inode, or of those before. */
int erofs_put_names(
	struct erofs *x, const struct erofs_place *p, bool last, struct err *e) must_check;
/* A file's blocks, or those of its chunks. */
int erofs_put_blocks(struct erofs *x, const struct erofs_place *p, struct err *e) must_check;

/* What goes out: bytes, zeros up to a place, a piece of a file with its holes as zeros. */
uint64_t erofs_at(const struct erofs *x);
int erofs_put(struct erofs *x, const void *bytes, size_t size, struct err *e) must_check;
int erofs_put_zeros(struct erofs *x, uint64_t size, struct err *e) must_check;
int erofs_reach(struct erofs *x, uint64_t at, struct err *e) must_check;
int erofs_put_content(struct erofs *x, const struct content *c, uint64_t from, uint64_t size,
	struct err *e) must_check;
int erofs_flush(struct erofs *x, struct err *e) must_check;
