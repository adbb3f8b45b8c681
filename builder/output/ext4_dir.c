/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/ext4.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

/*
 * Directories in the order of the tree, without an index, which the kernel makes when one
 * grows: Linux, Documentation/filesystems/ext4/directory.rst, "Linear (Classic) Directories".
 */

enum { TAIL = 12 }; /* of a directory block, struct ext2_dir_entry_tail */

static size_t entry_size(size_t name_length)
{
	return (8 + name_length + 3) & ~(size_t)3;
}

bool ext4_wants_lost_found(const struct node *dir)
{
	if (dir->parent != dir)
		return false;
	for (const struct node *n = dir->first_child; n; n = n->next_sibling)
		if (!strcmp(n->name, "lost+found"))
			return false;
	return true;
}

uint64_t ext4_directory_blocks(const struct node *dir)
{
	size_t used = entry_size(1) + entry_size(2);
	uint64_t blocks = 1;

	if (ext4_wants_lost_found(dir))
		used += entry_size(10);
	for (const struct node *n = dir->first_child; n; n = n->next_sibling) {
		size_t size = entry_size(n->name_length);

		if (used + size > EXT4_BLOCK - TAIL) {
			blocks++;
			used = 0;
		}
		used += size;
	}
	return blocks;
}

struct directory {
	char *bytes;
	size_t used; /* of the newest block */
	uint64_t blocks;
	struct ext2_dir_entry *last;
};

/* A block's last entry reaches to the tail, which holds the checksum. */
static void close_block(const struct ext4 *x, struct directory *d)
{
	char *block = d->bytes + (d->blocks - 1) * EXT4_BLOCK;

	d->last->rec_len = (__u16)(EXT4_BLOCK - TAIL - ((char *)d->last - block));
	ext2fs_initialize_dirent_tail(x->fs, EXT2_DIRENT_TAIL(block, EXT4_BLOCK));
}

static void add_entry(const struct ext4 *x, struct directory *d, ext2_ino_t ino,
	const char *name, size_t length, int type)
{
	size_t size = entry_size(length);
	struct ext2_dir_entry *entry;

	if (d->used + size > EXT4_BLOCK - TAIL) {
		close_block(x, d);
		d->blocks++;
		d->used = 0;
	}
	entry = (void *)(d->bytes + (d->blocks - 1) * EXT4_BLOCK + d->used);
	entry->inode = ino;
	entry->rec_len = (__u16)size;
	ext2fs_dirent_set_name_len(entry, (int)length);
	ext2fs_dirent_set_file_type(entry, type);
	memcpy(entry->name, name, length);
	d->used += size;
	d->last = entry;
}

static int put_blocks(struct ext4 *x, ext2_ino_t ino, const struct directory *d, struct err *e)
{
	ext2_extent_handle_t extents;
	int r = ext4_failed(ext2fs_extent_open(x->fs, ino, &extents), "cannot begin it", e);

	for (uint64_t b = 0; r == 0 && b < d->blocks;) {
		struct ext2fs_extent extent = { .e_lblk = b };
		uint64_t got = 0;
		blk64_t start = 0;

		r = ext4_take_blocks(x, d->blocks - b, &start, &got, e);
		extent.e_pblk = start;
		extent.e_len = (__u32)got;
		if (r == 0)
			r = ext4_failed(ext2fs_extent_insert(
						extents, EXT2_EXTENT_INSERT_AFTER, &extent),
				"cannot add an extent", e);
		for (uint64_t k = 0; r == 0 && k < got; k++, b++)
			r = ext4_failed(ext2fs_write_dir_block4(x->fs, start + k,
						d->bytes + b * EXT4_BLOCK, 0, ino),
				"cannot write", e);
	}
	if (r == 0 || d->blocks)
		ext2fs_extent_free(extents);
	return r;
}

int ext4_put_directory(struct ext4 *x, const struct node *dir, struct err *e)
{
	static const int types[] = {
		[INODE_FILE] = EXT2_FT_REG_FILE,
		[INODE_DIR] = EXT2_FT_DIR,
		[INODE_SYMLINK] = EXT2_FT_SYMLINK,
		[INODE_CHAR] = EXT2_FT_CHRDEV,
		[INODE_BLOCK] = EXT2_FT_BLKDEV,
		[INODE_FIFO] = EXT2_FT_FIFO,
		[INODE_SOCKET] = EXT2_FT_SOCK,
	};
	struct directory d = { .blocks = 1 };
	ext2_ino_t ino = x->inos[dir->inode->id];
	int r;

	d.bytes = xcalloc(ext4_directory_blocks(dir) + 1, EXT4_BLOCK);
	add_entry(x, &d, ino, ".", 1, EXT2_FT_DIR);
	add_entry(x, &d, x->inos[dir->parent->inode->id], "..", 2, EXT2_FT_DIR);
	if (ext4_wants_lost_found(dir))
		add_entry(x, &d, EXT4_LOST_FOUND, "lost+found", 10, EXT2_FT_DIR);
	for (const struct node *n = dir->first_child; n; n = n->next_sibling)
		add_entry(x, &d, x->inos[n->inode->id], n->name, n->name_length,
			types[n->inode->type]);
	close_block(x, &d);
	r = put_blocks(x, ino, &d, e);
	free(d.bytes);
	return r;
}

int ext4_put_empty_directory(struct ext4 *x, struct err *e)
{
	struct directory d = { .blocks = 1 };
	int r;

	d.bytes = xcalloc(EXT4_LOST_FOUND_BLOCKS, EXT4_BLOCK);
	add_entry(x, &d, EXT4_LOST_FOUND, ".", 1, EXT2_FT_DIR);
	add_entry(x, &d, EXT2_ROOT_INO, "..", 2, EXT2_FT_DIR);
	while (d.blocks < EXT4_LOST_FOUND_BLOCKS) {
		d.used = EXT4_BLOCK;
		add_entry(x, &d, 0, "", 0, EXT2_FT_UNKNOWN);
	}
	close_block(x, &d);
	r = put_blocks(x, EXT4_LOST_FOUND, &d, e);
	free(d.bytes);
	return r;
}
