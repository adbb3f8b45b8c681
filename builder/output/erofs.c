/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/erofs.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "builder/output/uuid.h"
#include "lib/mem.h"

/* CRC-32C as the superblock has it: reflected, begun with ones, not inverted in the end. */
static uint32_t sum_up(const char *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint8_t)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

static int put_super(struct erofs *x, struct err *e)
{
	uint32_t root = tree_root(x->o->tree)->inode->id;
	struct erofs_super s = {
		.magic = htole32(EROFS_MAGIC),
		.feature_compat = htole32(EROFS_SUPER_CHECKSUM | EROFS_MTIME),
		.block_log = EROFS_BLOCK_LOG,
		.root_nid = htole16((uint16_t)x->places[root].nid),
		.inodes = htole64(x->count),
		.time = htole64((uint64_t)x->time.tv_sec),
		.time_nsec = htole32((uint32_t)x->time.tv_nsec),
		.blocks = htole32((uint32_t)(x->meta_blocks + x->data_blocks)),
		.feature_incompat = htole32(x->chunked ? EROFS_CHUNKED : 0),
	};
	unsigned char id[OUTPUT_ID];
	int r = output_identify(x->o, id, e);

	if (r < 0)
		return r;
	memcpy(s.uuid, id, sizeof(s.uuid));
	r = erofs_reach(x, EROFS_SUPER_AT, e);
	return r == 0 ? erofs_put(x, &s, sizeof(s), e) : r;
}

/* The sum is of all the block from the superblock on, inodes in it too. */
static int close_first_block(struct erofs *x, struct err *e)
{
	uint32_t sum;
	int r = erofs_reach(x, EROFS_BLOCK, e);

	assert(x->written == 0 && x->used == EROFS_BLOCK);
	sum = htole32(sum_up(x->bytes + EROFS_SUPER_AT, EROFS_BLOCK - EROFS_SUPER_AT));
	memcpy(x->bytes + EROFS_SUPER_AT + offsetof(struct erofs_super, checksum), &sum,
		sizeof(sum));
	return r;
}

static int at_path(const struct erofs *x, const struct node *n, int r, struct err *e)
{
	return r < 0 ? err_at(e, r, "'/%s': ", tree_path(x->o->tree, n)) : 0;
}

static int put_metadata(struct erofs *x, struct err *e)
{
	bool closed = false;
	int r = put_super(x, e);

	for (uint32_t i = 0; r == 0 && i < x->count; i++) {
		const struct erofs_place *p = &x->places[x->order[i]];

		if (!closed && p->nid * EROFS_SLOT >= EROFS_BLOCK) {
			r = close_first_block(x, e);
			closed = true;
		}
		if (r == 0)
			r = at_path(x, p->node, erofs_put_inode(x, p, e), e);
	}
	return r == 0 && !closed ? close_first_block(x, e) : r;
}

static int put_data(const struct node *n, const char *path, void *context, struct err *e)
{
	struct erofs *x = context;
	const struct erofs_place *p = &x->places[n->inode->id];
	int r;

	(void)path;
	if (p->node != n || !p->has_blocks)
		return 0;
	r = erofs_reach(x, (x->meta_blocks + p->block) * EROFS_BLOCK, e);
	if (r == 0 && n->inode->type == INODE_DIR)
		r = erofs_put_names(x, p, false, e);
	else if (r == 0 && n->inode->type == INODE_SYMLINK)
		r = erofs_put(x, n->inode->target, (size_t)p->size, e);
	else if (r == 0)
		r = erofs_put_blocks(x, p, e);
	return at_path(x, n, r, e);
}

static int put_all(struct erofs *x, struct err *e)
{
	int r = put_metadata(x, e);

	if (r == 0)
		r = put_data(tree_root(x->o->tree), "", x, e);
	if (r == 0)
		r = tree_walk(x->o->tree, put_data, x, e);
	if (r == 0)
		r = erofs_reach(x, (x->meta_blocks + x->data_blocks) * EROFS_BLOCK, e);
	return r == 0 ? erofs_flush(x, e) : r;
}

int output_erofs(const struct output *o, int fd, struct err *e)
{
	struct erofs x = { .o = o, .fd = fd };
	int r = erofs_plan(&x, e);

	if (r == 0) {
		x.bytes = xmalloc(EROFS_BUFFER);
		r = put_all(&x, e);
	}
	if (r == 0 && x.attributes)
		output_note(o,
			"%zu extended attributes were left out, whose kind an EROFS does not "
			"hold; the first is '%s'",
			x.attributes, x.attribute);
	free(x.places);
	free(x.order);
	free(x.bytes);
	return r;
}
