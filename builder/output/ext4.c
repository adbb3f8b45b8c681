/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/ext4.h"

#include <et/com_err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/output/uuid.h"
#include "lib/mem.h"

enum { COPY = 1024 * 1024, GROUPS_PER_FLEX_LOG = 4 };

int ext4_failed(errcode_t code, const char *what, struct err *e)
{
	if (!code)
		return 0;
	/* Numbers of its own begin far above those of errno. */
	if (code < 4096)
		return err_code(e, -(int)code, "%s", what);
	return err_set(e, -EIO, "%s: %s", what, error_message(code));
}

/* --- how large -------------------------------------------------------------------------------
 */

struct need {
	uint64_t inodes, blocks;
	bool *seen;
};

static int add_node(const struct node *n, const char *path, void *context, struct err *e)
{
	struct need *need = context;

	(void)path;
	(void)e;
	if (need->seen[n->inode->id])
		return 0;
	need->seen[n->inode->id] = true;
	need->inodes++;
	/* A block of extents for each 300 runs, and one for attributes. */
	need->blocks += ext4_blocks_of(n);
	if (n->inode->xattr_count)
		need->blocks++;
	if (n->inode->content)
		need->blocks += ext4_blocks_of(n) / EXT4_BLOCK + 1;
	return 0;
}

/* Blocks of a journal as large as mke2fs(8) makes it; 0 where there is no room for one. */
static uint64_t journal_blocks(uint64_t blocks)
{
	int journal = ext2fs_default_journal_size(blocks);

	return journal > 0 ? (uint64_t)journal : 0;
}

/* What the options leave open is chosen so that the tree fits, with a tenth to spare. */
static int plan(const struct output *o, uint64_t *blocks, uint64_t *inodes, struct err *e)
{
	struct need need = { .inodes = EXT4_FIRST,
		.seen = xcalloc(tree_inode_ids(o->tree), sizeof(bool)) };
	uint64_t spare = o->spare / EXT4_BLOCK, least;
	int r = add_node(tree_root(o->tree), "", &need, e);

	if (r == 0)
		r = tree_walk(o->tree, add_node, &need, e);
	free(need.seen);
	if (r < 0)
		return r;
	*inodes = need.inodes + need.inodes / 10 + 64 + spare / 4;
	/* Bitmaps and backup superblocks: two blocks and some in each group of 32768. */
	least = need.blocks + *inodes * EXT4_INODE / EXT4_BLOCK + need.blocks / 1024 + 128;
	least += journal_blocks(least + spare);
	*blocks = o->size ? o->size / EXT4_BLOCK : least + least / 10 + spare;
	if (*blocks < least)
		return err_set(e, -ENOSPC,
			"an ext4 of %llu bytes is too small; it takes about --size %lluk",
			(unsigned long long)o->size,
			(unsigned long long)(least * (EXT4_BLOCK / 1024)));
	if (o->size && *inodes < *blocks / 4)
		*inodes = *blocks / 4;
	if (*blocks > UINT32_MAX || *inodes > UINT32_MAX)
		return err_set(
			e, -EFBIG, "an ext4 without 64-bit block numbers ends at 16 TiB");
	return 0;
}

/* --- the file system -------------------------------------------------------------------------
 */

static void set_features(struct ext2_super_block *s)
{
	s->s_feature_compat = EXT2_FEATURE_COMPAT_EXT_ATTR | EXT2_FEATURE_COMPAT_DIR_INDEX;
	s->s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
				EXT4_FEATURE_INCOMPAT_FLEX_BG;
	s->s_feature_ro_compat = EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER |
				 EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
				 EXT4_FEATURE_RO_COMPAT_HUGE_FILE |
				 EXT4_FEATURE_RO_COMPAT_DIR_NLINK |
				 EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE |
				 EXT4_FEATURE_RO_COMPAT_METADATA_CSUM;
}

/* UUID and hash seed are of what is in it: the same tree has the same. */
static int identify(struct ext4 *x, struct err *e)
{
	struct ext2_super_block *s = x->fs->super;
	unsigned char id[OUTPUT_ID];
	int r = output_identify(x->o, id, e);

	if (r < 0)
		return r;
	memcpy(s->s_uuid, id, sizeof(s->s_uuid));
	memcpy(s->s_hash_seed, id + sizeof(s->s_uuid), sizeof(s->s_hash_seed));
	return 0;
}

static int format(struct ext4 *x, uint64_t blocks, uint64_t inodes, struct err *e)
{
	struct ext2_super_block want = { .s_rev_level = EXT2_DYNAMIC_REV,
		.s_log_block_size = 2,
		.s_log_cluster_size = 2,
		.s_inode_size = EXT4_INODE,
		.s_inodes_count = (__u32)inodes,
		.s_log_groups_per_flex = GROUPS_PER_FLEX_LOG };
	struct ext2_super_block *s;
	char path[64];
	int r;

	set_features(&want);
	ext2fs_blocks_count_set(&want, blocks);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", x->fd);
	if (ftruncate(x->fd, (off_t)(blocks * EXT4_BLOCK)) < 0)
		return err_sys(e, "cannot make the image %llu bytes large",
			(unsigned long long)(blocks * EXT4_BLOCK));
	r = ext4_failed(
		ext2fs_initialize(path, EXT2_FLAG_64BITS, &want, unix_io_manager, &x->fs),
		"cannot begin the file system", e);
	if (r < 0)
		return r;
	s = x->fs->super;
	/* The time of all that has none of its own; 0 would be the time of day. */
	x->fs->now = 1;
	s->s_mkfs_time = s->s_lastcheck = 1;
	s->s_checksum_type = EXT2_CRC32C_CHKSUM;
	s->s_def_hash_version = EXT2_HASH_HALF_MD4;
	s->s_flags |= EXT2_FLAGS_SIGNED_HASH;
	s->s_max_mnt_count = -1;
	r = identify(x, e);
	ext2fs_init_csum_seed(x->fs);
	return r == 0 ? ext4_failed(ext2fs_allocate_tables(x->fs), "cannot make tables", e) : r;
}

static void reserve_inodes(struct ext4 *x)
{
	for (ext2_ino_t i = 1; i < EXT2_FIRST_INODE(x->fs->super); i++)
		ext2fs_inode_alloc_stats2(x->fs, i, +1, i == EXT2_ROOT_INO);
	/* The file is fresh: its tables are zeros already. */
	for (dgrp_t g = 0; g < x->fs->group_desc_count; g++)
		ext2fs_bg_flags_set(x->fs, g, EXT2_BG_INODE_ZEROED);
}

static int number(const struct node *n, const char *path, void *context, struct err *e)
{
	struct ext4 *x = context;
	ext2_ino_t *next = &x->inos[tree_inode_ids(x->o->tree)];

	(void)path;
	(void)e;
	if (!x->inos[n->inode->id])
		x->inos[n->inode->id] = (*next)++;
	return 0;
}

static int put(const struct node *n, const char *path, void *context, struct err *e)
{
	(void)path;
	return ext4_put(context, n, e);
}

static int fill(struct ext4 *x, struct err *e)
{
	struct node *root = tree_root(x->o->tree);
	uint32_t ids = tree_inode_ids(x->o->tree);
	int r;

	x->inos = xcalloc((size_t)ids + 1, sizeof(*x->inos));
	x->inos[ids] = EXT4_FIRST;
	x->inos[root->inode->id] = EXT2_ROOT_INO;
	x->cursor = x->fs->super->s_first_data_block;
	r = tree_walk(x->o->tree, number, x, e);
	if (r == 0)
		r = ext4_put(x, root, e);
	if (r == 0)
		r = ext4_put_lost_found(x, e);
	return r == 0 ? tree_walk(x->o->tree, put, x, e) : r;
}

int output_ext4(const struct output *o, int fd, struct err *e)
{
	struct ext4 x = { .o = o, .fd = fd };
	uint64_t blocks = 0, inodes = 0;
	int r = plan(o, &blocks, &inodes, e);

	initialize_ext2_error_table();
	if (r == 0)
		r = format(&x, blocks, inodes, e);
	x.bytes = xmalloc(COPY);
	if (r == 0) {
		reserve_inodes(&x);
		r = fill(&x, e);
	}
	if (r == 0 && journal_blocks(blocks))
		r = ext4_failed(ext2fs_add_journal_inode(x.fs, (blk_t)journal_blocks(blocks),
					EXT2_MKJOURNAL_LAZYINIT | EXT2_MKJOURNAL_NO_MNT_CHECK),
			"cannot make the journal", e);
	if (r == 0)
		r = ext4_failed(ext2fs_set_gdt_csum(x.fs), "cannot sum up the groups", e);
	if (r == 0)
		r = ext4_failed(ext2fs_close_free(&x.fs), "cannot write", e);
	else if (x.fs)
		ext2fs_free(x.fs);
	free(x.inos);
	free(x.bytes);
	return r;
}
