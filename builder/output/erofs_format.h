/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * EROFS on disk, as far as it is written here: Linux, Documentation/filesystems/erofs.rst and
 * fs/erofs/erofs_fs.h. All numbers are little-endian.
 *
 *	byte 0      1024          1152                 data        data
 *	| unused    | superblock  | inodes …           | blocks of files and directories …
 *	                          each at 32 * nid      each at 4096 * block
 *
 *	inode       32 bytes (compact) or 64 (extended)
 *	attributes  a header of 12, then entries, each filled up to 4
 *	then        the last piece of the data (FLAT_INLINE), which stays inside one block,
 *	            or the block of each chunk (CHUNK_BASED, Linux 5.15), or nothing
 *(FLAT_PLAIN)
 *
 * A directory's blocks hold 12 bytes for each name and then the names, all sorted by bytes,
 * "." and ".." among them; the first name's offset tells how many there are.
 *
 * Blocks are of 4096 bytes: what Linux before 6.3 takes, where that is the size of a page, and
 * later versions take everywhere.
 */
enum {
	EROFS_BLOCK_LOG = 12,
	EROFS_BLOCK = 1 << EROFS_BLOCK_LOG,
	EROFS_SLOT = 32, /* what nids count */
	EROFS_SUPER_AT = 1024,
	EROFS_SUPER_CHECKSUM = 0x01, /* of feature_compat */
	EROFS_MTIME = 0x02,
	EROFS_CHUNKED = 0x04,                       /* of feature_incompat */
	EROFS_CHUNK_LOG_MAX = EROFS_BLOCK_LOG + 31, /* EROFS_CHUNK_FORMAT_BLKBITS_MASK */
	EROFS_EXTENDED = 0x01, /* of i_format, whose next bits are the layout */
	EROFS_LAYOUT_SHIFT = 1,
	EROFS_XATTRS_MAX = 12 + 4 * (UINT16_MAX - 1),
	EROFS_MAJOR_MAX = 0xfff,
	EROFS_MINOR_MAX = 0xfffff,
};

#define EROFS_MAGIC    0xe0f5e1e2u
#define EROFS_NO_BLOCK UINT32_MAX /* a chunk that is a hole */

enum erofs_layout {
	EROFS_FLAT_PLAIN = 0,
	EROFS_FLAT_INLINE = 2,
	EROFS_CHUNK_BASED = 4,
};

struct erofs_super {
	uint32_t magic, checksum, feature_compat;
	uint8_t block_log, extra_slots;
	uint16_t root_nid;
	uint64_t inodes, time;
	uint32_t time_nsec, blocks, meta_block, xattr_block;
	uint8_t uuid[16], volume_name[16];
	uint32_t feature_incompat;
	uint16_t algorithms, extra_devices, device_slot;
	uint8_t directory_block_log, prefix_count;
	uint32_t prefix_start;
	uint64_t packed_nid;
	uint8_t reserved[24];
};

struct erofs_compact {
	uint16_t format, xattr_count, mode, nlink;
	uint32_t size, reserved, data, ino;
	uint16_t uid, gid;
	uint32_t reserved2;
};

struct erofs_extended {
	uint16_t format, xattr_count, mode, reserved;
	uint64_t size;
	uint32_t data, ino, uid, gid;
	uint64_t time;
	uint32_t time_nsec, nlink;
	uint8_t reserved2[16];
};

struct erofs_xattr_header {
	uint32_t name_filter;
	uint8_t shared_count, reserved[7];
};

struct erofs_xattr_entry {
	uint8_t name_length, prefix;
	uint16_t value_size;
};

struct erofs_name {
	uint32_t nid_low, nid_high; /* halves: the struct has 12 bytes */
	uint16_t name_at;
	uint8_t type, reserved;
};

_Static_assert(sizeof(struct erofs_super) == 128, "erofs_fs.h, erofs_super_block");
_Static_assert(sizeof(struct erofs_compact) == 32, "erofs_fs.h, erofs_inode_compact");
_Static_assert(sizeof(struct erofs_extended) == 64, "erofs_fs.h, erofs_inode_extended");
_Static_assert(sizeof(struct erofs_xattr_header) == 12, "erofs_fs.h, erofs_xattr_ibody_header");
_Static_assert(sizeof(struct erofs_xattr_entry) == 4, "erofs_fs.h, erofs_xattr_entry");
_Static_assert(sizeof(struct erofs_name) == 12, "erofs_fs.h, erofs_dirent");
