/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/ext4.h"

#include <string.h>

#include "builder/tree/content.h"
#include "lib/io.h"

/* The bytes of files: which blocks hold some, where those go, and the extents that say so. */

enum {
	COPY = 1024 * 1024,
	EXTENT_MAX = 32768, /* blocks: EXT_INIT_MAX_LEN of the kernel */
};

struct run {
	uint64_t start, count; /* in blocks of the file */
};

static uint64_t blocks_for(uint64_t bytes)
{
	return bytes / EXT4_BLOCK + (bytes % EXT4_BLOCK != 0);
}

/* --- what a file is made of ------------------------------------------------------------------
 */

/* The next run of blocks that hold bytes; *at goes on over the extents. */
static bool next_run(const struct content *c, uint32_t *at, struct run *run)
{
	uint64_t end;

	if (*at >= c->extent_count)
		return false;
	run->start = c->extents[*at].at / EXT4_BLOCK;
	end = blocks_for(c->extents[*at].at + c->extents[*at].size);
	for (++*at; *at < c->extent_count; ++*at) {
		if (c->extents[*at].at / EXT4_BLOCK > end)
			break;
		end = blocks_for(c->extents[*at].at + c->extents[*at].size);
	}
	run->count = end - run->start;
	return true;
}

uint64_t ext4_blocks_of(const struct node *n)
{
	const struct inode *i = n->inode;
	uint64_t blocks = 0;
	uint32_t at = 0;
	struct run run;

	if (i->type == INODE_DIR)
		return ext4_directory_blocks(n);
	if (i->type == INODE_SYMLINK)
		return strlen(i->target) >= EXT4_FAST_LINK;
	while (i->type == INODE_FILE && i->content && next_run(i->content, &at, &run))
		blocks += run.count;
	return blocks;
}

/* As many blocks in a row as there are, at most `want`, from the cursor on. */
int ext4_take_blocks(
	struct ext4 *x, uint64_t want, blk64_t *start, uint64_t *count, struct err *e)
{
	blk64_t end = ext2fs_blocks_count(x->fs->super) - 1, stop;

	if (x->cursor > end ||
		ext2fs_find_first_zero_block_bitmap2(x->fs->block_map, x->cursor, end, start))
		return err_set(e, -ENOSPC, "the file system is full; give a larger --size");
	stop = *start + want - 1 < end ? *start + want - 1 : end;
	if (ext2fs_find_first_set_block_bitmap2(x->fs->block_map, *start, stop, &stop))
		stop++;
	*count = stop - *start;
	if (*count > want)
		*count = want;
	x->cursor = *start + *count;
	ext2fs_block_alloc_stats_range(x->fs, *start, (blk_t)*count, +1);
	return 0;
}

static int copy_blocks(struct ext4 *x, const struct content *c, uint64_t from, uint64_t size,
	blk64_t to, struct err *e)
{
	uint64_t left = from >= c->size ? 0 : c->size - from;

	if (size > left)
		size = left;
	for (uint64_t done = 0; done < size;) {
		size_t chunk = size - done < COPY ? (size_t)(size - done) : COPY;
		ssize_t n = content_pread(c, x->bytes, chunk, from + done, e);
		int r;

		if (n <= 0)
			return n < 0 ? (int)n : err_set(e, -EIO, "a file's content is short");
		r = io_pwrite(x->fd, x->bytes, (size_t)n, (off_t)(to * EXT4_BLOCK + done));
		if (r < 0)
			return err_code(e, r, "cannot write");
		done += (uint64_t)n;
	}
	return 0;
}

static int put_run(struct ext4 *x, ext2_extent_handle_t extents, const struct content *c,
	struct run run, struct err *e)
{
	while (run.count) {
		struct ext2fs_extent extent = { .e_lblk = run.start };
		uint64_t want = run.count < EXTENT_MAX ? run.count : EXTENT_MAX, got;
		blk64_t start;
		int r = ext4_take_blocks(x, want, &start, &got, e);

		if (r < 0)
			return r;
		extent.e_pblk = start;
		extent.e_len = (__u32)got;
		r = ext4_failed(
			ext2fs_extent_insert(extents, EXT2_EXTENT_INSERT_AFTER, &extent),
			"cannot add an extent", e);
		if (r == 0)
			r = copy_blocks(
				x, c, run.start * EXT4_BLOCK, got * EXT4_BLOCK, start, e);
		if (r < 0)
			return r;
		run.start += got;
		run.count -= got;
	}
	return 0;
}

int ext4_put_content(struct ext4 *x, ext2_ino_t ino, const struct content *c, struct err *e)
{
	ext2_extent_handle_t extents;
	uint32_t at = 0;
	struct run run;
	int r = ext4_failed(ext2fs_extent_open(x->fs, ino, &extents), "cannot begin a file", e);

	if (r < 0)
		return r;
	while (r == 0 && next_run(c, &at, &run))
		r = put_run(x, extents, c, run, e);
	ext2fs_extent_free(extents);
	return r;
}
