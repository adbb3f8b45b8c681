/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/ext4.h"

#include <ext2fs/ext3_extents.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/tree/content.h"
#include "lib/mem.h"

static void set_time(__u32 *seconds, __u32 *extra, struct timespec time)
{
	/* Two bits more of seconds, and the nanoseconds: ext4/inodes.rst, "Inode Timestamps".
	 */
	*seconds = (__u32)(time.tv_sec & 0xffffffff);
	*extra = (__u32)(((time.tv_sec - (int32_t)*seconds) >> 32) & 3) | (__u32)time.tv_nsec
										  << 2;
}

/* An empty extent tree: a file without blocks needs one too. */
static void set_extents(struct ext2_inode_large *to)
{
	const struct ext3_extent_header empty = {
		.eh_magic = ext2fs_cpu_to_le16(EXT3_EXT_MAGIC),
		.eh_max = ext2fs_cpu_to_le16(
			(sizeof(to->i_block) - sizeof(empty)) / sizeof(struct ext3_extent)),
	};

	to->i_flags |= EXT4_EXTENTS_FL;
	memcpy(to->i_block, &empty, sizeof(empty));
}

static uint32_t count_links(const struct node *n)
{
	uint32_t links = node_links(n) + ext4_wants_lost_found(n);

	/* RO_COMPAT_DIR_NLINK: 1 says that there are too many directories to count. */
	return n->inode->type == INODE_DIR && links > EXT2_LINK_MAX ? 1 : links;
}

static void describe(const struct node *n, struct ext2_inode_large *to)
{
	const struct inode *i = n->inode;
	uint64_t size = i->type == INODE_FILE && i->content ? i->content->size : 0;

	*to = (struct ext2_inode_large){ .i_mode = (__u16)(inode_format(i) | i->mode) };
	to->i_uid = (__u16)i->uid;
	to->i_gid = (__u16)i->gid;
	to->osd2.linux2.l_i_uid_high = (__u16)(i->uid >> 16);
	to->osd2.linux2.l_i_gid_high = (__u16)(i->gid >> 16);
	to->i_links_count = (__u16)count_links(n);
	to->i_extra_isize = sizeof(*to) - EXT2_GOOD_OLD_INODE_SIZE;
	set_time(&to->i_mtime, &to->i_mtime_extra, i->mtime);
	set_time(&to->i_atime, &to->i_atime_extra, i->mtime);
	set_time(&to->i_ctime, &to->i_ctime_extra, i->mtime);
	set_time(&to->i_crtime, &to->i_crtime_extra, i->mtime);
	if (i->type == INODE_DIR)
		size = ext4_directory_blocks(n) * EXT4_BLOCK;
	if (i->type == INODE_SYMLINK)
		size = strlen(i->target);
	if (i->type == INODE_FILE || i->type == INODE_DIR ||
		(i->type == INODE_SYMLINK && size >= EXT4_FAST_LINK))
		set_extents(to);
	else if (i->type == INODE_SYMLINK)
		memcpy(to->i_block, i->target, (size_t)size);
	to->i_size = (__u32)size;
	to->i_size_high = (__u32)(size >> 32);
	to->i_blocks = (__u32)(ext4_blocks_of(n) * (EXT4_BLOCK / 512));
	to->osd2.linux2.l_i_blocks_hi = (__u16)(ext4_blocks_of(n) * (EXT4_BLOCK / 512) >> 32);
	/* The newer of the two encodings of a device number, which holds all of them. */
	if (i->type == INODE_CHAR || i->type == INODE_BLOCK)
		to->i_block[1] = (i->minor & 0xff) | (i->major << 8) |
				 ((i->minor & ~0xffu) << 12);
}

static int put_xattrs(struct ext4 *x, ext2_ino_t ino, const struct inode *i, struct err *e)
{
	struct ext2_xattr_handle *h;
	int r;

	if (!i->xattr_count)
		return 0;
	r = ext4_failed(ext2fs_xattrs_open(x->fs, ino, &h), "cannot read attributes", e);
	if (r < 0)
		return r;
	r = ext4_failed(ext2fs_xattrs_read(h), "cannot read attributes", e);
	for (uint32_t k = 0; r == 0 && k < i->xattr_count; k++) {
		r = ext4_failed(ext2fs_xattr_set(h, i->xattrs[k].name, i->xattrs[k].value,
					i->xattrs[k].size),
			"cannot set an attribute", e);
		if (r < 0)
			r = err_at(e, r, "'%s': ", i->xattrs[k].name);
	}
	(void)ext2fs_xattrs_close(&h);
	return r;
}

static int put_all(struct ext4 *x, const struct node *n, ext2_ino_t ino, struct err *e)
{
	const struct inode *i = n->inode;
	struct ext2_inode_large large;
	int r;

	describe(n, &large);
	r = ext4_failed(ext2fs_write_inode_full(
				x->fs, ino, (struct ext2_inode *)(void *)&large, sizeof(large)),
		"cannot write the inode", e);
	if (r == 0 && i->type == INODE_DIR)
		r = ext4_put_directory(x, n, e);
	if (r == 0 && i->type == INODE_FILE && i->content)
		r = ext4_put_content(x, ino, i->content, e);
	if (r == 0 && i->type == INODE_SYMLINK && strlen(i->target) >= EXT4_FAST_LINK)
		r = ext4_put_content(x, ino,
			content_of_bytes(tree_arena(x->o->tree), i->target, strlen(i->target)),
			e);
	return r == 0 ? put_xattrs(x, ino, i, e) : r;
}

int ext4_put(struct ext4 *x, const struct node *n, struct err *e)
{
	ext2_ino_t ino = x->inos[n->inode->id];
	int r;

	if (ext2fs_test_inode_bitmap2(x->fs->inode_map, ino) && ino != EXT2_ROOT_INO)
		return 0;
	if (ino != EXT2_ROOT_INO)
		ext2fs_inode_alloc_stats2(x->fs, ino, +1, n->inode->type == INODE_DIR);
	r = put_all(x, n, ino, e);
	return r < 0 ? err_at(e, r, "'/%s': ", tree_path(x->o->tree, n)) : 0;
}

int ext4_put_lost_found(struct ext4 *x, struct err *e)
{
	struct node *root = tree_root(x->o->tree);
	struct ext2_inode_large large = { .i_mode = S_IFDIR | 0700, .i_links_count = 2 };
	int r;

	if (!ext4_wants_lost_found(root))
		return 0;
	set_time(&large.i_mtime, &large.i_mtime_extra, root->inode->mtime);
	large.i_atime = large.i_ctime = large.i_crtime = large.i_mtime;
	set_extents(&large);
	large.i_extra_isize = sizeof(large) - EXT2_GOOD_OLD_INODE_SIZE;
	large.i_size = EXT4_LOST_FOUND_BLOCKS * EXT4_BLOCK;
	large.i_blocks = EXT4_LOST_FOUND_BLOCKS * EXT4_BLOCK / 512;
	ext2fs_inode_alloc_stats2(x->fs, EXT4_LOST_FOUND, +1, 1);
	r = ext4_failed(ext2fs_write_inode_full(x->fs, EXT4_LOST_FOUND,
				(struct ext2_inode *)(void *)&large, sizeof(large)),
		"cannot write the inode", e);
	return r == 0 ? ext4_put_empty_directory(x, e) : r;
}
