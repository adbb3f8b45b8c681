/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "builder/output/erofs.h"

/*
 * The bytes of regular files. One with holes is cut in chunks of one size, and the chunks
 * without a byte have no block: erofs.rst, "Chunk-based files".
 */

/* Goes through the chunks that hold bytes, and those only. */
struct chunks {
	const struct content *c;
	unsigned log; /* of a chunk's bytes */
	uint32_t extent;
	uint64_t next; /* chunk */
};

static bool next_chunk(struct chunks *at, uint64_t *chunk)
{
	for (; at->extent < at->c->extent_count; at->extent++) {
		const struct extent *x = &at->c->extents[at->extent];
		uint64_t first = x->at >> at->log, last = (x->at + x->size - 1) >> at->log;

		if (last < at->next)
			continue;
		*chunk = first > at->next ? first : at->next;
		at->next = *chunk + 1;
		return true;
	}
	return false;
}

static uint64_t chunk_blocks(const struct content *c, unsigned log, uint64_t chunk)
{
	uint64_t left = erofs_blocks(c->size - (chunk << log));
	uint64_t whole = 1ULL << (log - EROFS_BLOCK_LOG);

	return left < whole ? left : whole;
}

/* As next_chunk for all of them at once: a file may have very many. */
static uint64_t blocks_of_chunks(const struct content *c, unsigned log)
{
	uint64_t blocks = 0, next = 0;

	for (uint32_t i = 0; i < c->extent_count; i++) {
		const struct extent *x = &c->extents[i];
		uint64_t first = x->at >> log, last = (x->at + x->size - 1) >> log;

		if (first < next)
			first = next;
		if (last < first)
			continue;
		blocks += (last - first) << (log - EROFS_BLOCK_LOG);
		blocks += chunk_blocks(c, log, last);
		next = last + 1;
	}
	return blocks;
}

void erofs_choose_chunks(struct erofs_place *p, const struct content *c, uint64_t *blocks)
{
	uint64_t least = c->size, covered = 0;

	for (uint32_t i = 0; i < c->extent_count; i++)
		covered += c->extents[i].size;
	if (c->size - covered < EROFS_BLOCK)
		return;
	for (unsigned log = EROFS_BLOCK_LOG; log <= EROFS_CHUNK_LOG_MAX; log++) {
		uint64_t taken = blocks_of_chunks(c, log);
		uint64_t bytes = taken * EROFS_BLOCK + 4 * erofs_chunk_count(c->size, log);

		if (bytes >= least)
			continue;
		least = bytes;
		p->layout = EROFS_CHUNK_BASED;
		p->chunk_log = (uint8_t)log;
		*blocks = taken;
	}
}

int erofs_put_chunks(struct erofs *x, const struct erofs_place *p, struct err *e)
{
	const struct content *c = p->node->inode->content;
	struct chunks at = { .c = c, .log = p->chunk_log };
	uint64_t chunk, done = 0, count = erofs_chunk_count(p->size, at.log);
	uint64_t block = x->meta_blocks + p->block;
	bool more = next_chunk(&at, &chunk);
	int r = 0;

	for (; r == 0 && done < count; done++) {
		uint32_t where = htole32(EROFS_NO_BLOCK);

		if (more && chunk == done) {
			where = htole32((uint32_t)block);
			block += chunk_blocks(c, at.log, chunk);
			more = next_chunk(&at, &chunk);
		}
		r = erofs_put(x, &where, sizeof(where), e);
	}
	return r;
}

int erofs_put_blocks(struct erofs *x, const struct erofs_place *p, struct err *e)
{
	const struct content *c = p->node->inode->content;
	struct chunks at = { .c = c, .log = p->chunk_log };
	uint64_t chunk, size = p->size;
	int r = 0;

	if (p->layout == EROFS_FLAT_INLINE)
		size -= size % EROFS_BLOCK;
	if (p->layout != EROFS_CHUNK_BASED)
		return erofs_put_content(x, c, 0, size, e);
	while (r == 0 && next_chunk(&at, &chunk))
		r = erofs_put_content(
			x, c, chunk << at.log, chunk_blocks(c, at.log, chunk) * EROFS_BLOCK, e);
	return r;
}
