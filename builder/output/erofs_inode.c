/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "builder/output/erofs.h"

/* An inode's record, and what lies behind it. */

uint64_t erofs_record_size(const struct erofs_place *p)
{
	uint64_t size = p->extended ? sizeof(struct erofs_extended)
				    : sizeof(struct erofs_compact);

	size += p->xattrs;
	if (p->layout == EROFS_FLAT_INLINE)
		size += p->size % EROFS_BLOCK;
	if (p->layout == EROFS_CHUNK_BASED)
		size += 4 * erofs_chunk_count(p->size, p->chunk_log);
	return size;
}

/* The one field that each type has for itself. */
static uint32_t data_field(const struct erofs *x, const struct erofs_place *p)
{
	const struct inode *i = p->node->inode;

	if (i->type == INODE_CHAR || i->type == INODE_BLOCK)
		return (i->minor & 0xff) | (i->major << 8) | ((i->minor & ~0xffu) << 12);
	if (p->layout == EROFS_CHUNK_BASED)
		return p->chunk_log - (uint32_t)EROFS_BLOCK_LOG;
	return p->has_blocks ? (uint32_t)(x->meta_blocks + p->block) : 0;
}

static int put_record(struct erofs *x, const struct erofs_place *p, struct err *e)
{
	const struct inode *i = p->node->inode;
	uint16_t format = htole16((uint16_t)(p->layout << EROFS_LAYOUT_SHIFT | p->extended));
	uint16_t xattr_count = p->xattrs ? htole16((uint16_t)((p->xattrs - 12) / 4 + 1)) : 0;
	uint16_t mode = htole16((uint16_t)(inode_format(i) | i->mode));
	const struct erofs_extended extended = {
		.format = format,
		.xattr_count = xattr_count,
		.mode = mode,
		.size = htole64(p->size),
		.data = htole32(data_field(x, p)),
		.ino = htole32(p->ino),
		.uid = htole32(i->uid),
		.gid = htole32(i->gid),
		.time = htole64((uint64_t)i->mtime.tv_sec),
		.time_nsec = htole32((uint32_t)i->mtime.tv_nsec),
		.nlink = htole32(p->links),
	};
	const struct erofs_compact compact = {
		.format = format,
		.xattr_count = xattr_count,
		.mode = mode,
		.nlink = htole16((uint16_t)p->links),
		.size = htole32((uint32_t)p->size),
		.data = extended.data,
		.ino = extended.ino,
		.uid = htole16((uint16_t)i->uid),
		.gid = htole16((uint16_t)i->gid),
	};

	return p->extended ? erofs_put(x, &extended, sizeof(extended), e)
			   : erofs_put(x, &compact, sizeof(compact), e);
}

/* The last piece of the data, which has no block. */
static int put_tail(struct erofs *x, const struct erofs_place *p, struct err *e)
{
	const struct inode *i = p->node->inode;
	uint64_t tail = p->size % EROFS_BLOCK;

	if (i->type == INODE_DIR)
		return erofs_put_names(x, p, true, e);
	if (i->type == INODE_SYMLINK)
		return erofs_put(x, i->target, (size_t)tail, e);
	return erofs_put_content(x, i->content, p->size - tail, tail, e);
}

int erofs_put_inode(struct erofs *x, const struct erofs_place *p, struct err *e)
{
	int r = erofs_reach(x, p->nid * EROFS_SLOT, e);

	if (r == 0)
		r = put_record(x, p, e);
	if (r == 0 && p->xattrs)
		r = erofs_put_xattrs(x, p->node->inode, e);
	if (r == 0 && p->layout == EROFS_FLAT_INLINE)
		r = put_tail(x, p, e);
	if (r == 0 && p->layout == EROFS_CHUNK_BASED)
		r = erofs_put_chunks(x, p, e);
	return r;
}
