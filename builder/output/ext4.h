/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <ext2fs/ext2fs.h>
#include <stdint.h>

#include "builder/output/output.h"
#include "builder/tree/tree.h"

/*
 * An ext4 being made by libext2fs in a regular file: what ext4.c (the file system) and
 * ext4_inode.c, ext4_dir.c and ext4_file.c (what is in it) share. No mount and no privilege
 * takes part.
 */
enum {
	EXT4_BLOCK = 4096,
	EXT4_INODE = 256,
	EXT4_LOST_FOUND = 11,
	EXT4_FIRST = 12,
	EXT4_FAST_LINK = 60, /* a target shorter than this lies in the inode */
	EXT4_LOST_FOUND_BLOCKS = 4
};

struct ext4 {
	const struct output *o;
	ext2_filsys fs;
	int fd;
	ext2_ino_t *inos; /* by inode id of the tree */
	blk64_t cursor;   /* blocks are looked for from here on */
	char *bytes;      /* a megabyte for copying */
};

/* The one place where libext2fs's errors become ours. */
int ext4_failed(errcode_t code, const char *what, struct err *e) must_check;

/* Blocks of data that an inode takes, without its extent tree. */
uint64_t ext4_blocks_of(const struct node *n);

uint64_t ext4_directory_blocks(const struct node *dir);

/* Whether it is a root without the directory that e2fsck(8) asks for. */
bool ext4_wants_lost_found(const struct node *dir);

/* As many free blocks in a row as there are, at most `want`, from the cursor on. */
int ext4_take_blocks(struct ext4 *x, uint64_t want, blk64_t *start, uint64_t *count,
	struct err *e) must_check;

/* What an inode that has been written already stands for. */
int ext4_put_content(
	struct ext4 *x, ext2_ino_t ino, const struct content *c, struct err *e) must_check;
int ext4_put_directory(struct ext4 *x, const struct node *dir, struct err *e) must_check;
int ext4_put_empty_directory(struct ext4 *x, struct err *e) must_check;

/* Writes the inode of this name with all that belongs to it. */
int ext4_put(struct ext4 *x, const struct node *n, struct err *e) must_check;

/* That directory, where the root wants it. */
int ext4_put_lost_found(struct ext4 *x, struct err *e) must_check;
