/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "builder/output/erofs.h"

/* A directory's names, block by block: erofs.rst, "Directories". */

struct entry {
	const char *name;
	size_t length;
	const struct inode *inode;
};

/* The tree's names are sorted; the two that it has not come in between. */
struct cursor {
	const struct node *dir, *next;
	unsigned dots; /* of "." and "..", that have come */
};

static bool peek(const struct cursor *c, struct entry *entry)
{
	static const char *const dots[] = { ".", ".." };

	if (c->dots < ARRAY_LEN(dots) &&
		(!c->next || strcmp(dots[c->dots], c->next->name) < 0)) {
		const struct node *n = c->dots == 0 ? c->dir : c->dir->parent;

		*entry = (struct entry){ dots[c->dots], strlen(dots[c->dots]), n->inode };
		return true;
	}
	if (c->next)
		*entry = (struct entry){ c->next->name, c->next->name_length, c->next->inode };
	return c->next != NULL;
}

static void step(struct cursor *c, const struct entry *entry)
{
	if (c->next && entry->name == c->next->name)
		c->next = c->next->next_sibling;
	else
		c->dots++;
}

/* Goes on over what fits in one block: how many names, and the bytes that they take. */
static size_t next_block(struct cursor *c, size_t *count)
{
	size_t used = 0;
	struct entry entry;

	for (*count = 0; peek(c, &entry); ++*count) {
		size_t size = sizeof(struct erofs_name) + entry.length;

		if (used + size > EROFS_BLOCK)
			break;
		used += size;
		step(c, &entry);
	}
	return used;
}

uint64_t erofs_directory_size(const struct node *dir)
{
	struct cursor c = { dir, dir->first_child, 0 };
	uint64_t blocks = 0;
	size_t count, used, last = 0;

	while ((used = next_block(&c, &count)) > 0) {
		last = used;
		blocks++;
	}
	return (blocks - 1) * EROFS_BLOCK + last;
}

/* include/linux/fs_types.h, FT_REG_FILE and so on. */
static const uint8_t types[] = {
	[INODE_FILE] = 1,
	[INODE_DIR] = 2,
	[INODE_CHAR] = 3,
	[INODE_BLOCK] = 4,
	[INODE_FIFO] = 5,
	[INODE_SOCKET] = 6,
	[INODE_SYMLINK] = 7,
};

static void fill_block(
	const struct erofs *x, struct cursor *c, size_t count, char block[EROFS_BLOCK])
{
	size_t name_at = count * sizeof(struct erofs_name);

	for (size_t i = 0; i < count; i++) {
		struct entry entry = { 0 };
		struct erofs_name name = { 0 };
		uint64_t nid;

		(void)peek(c, &entry);
		nid = x->places[entry.inode->id].nid;
		name.nid_low = htole32((uint32_t)nid);
		name.nid_high = htole32((uint32_t)(nid >> 32));
		name.name_at = htole16((uint16_t)name_at);
		name.type = types[entry.inode->type];
		memcpy(block + i * sizeof(name), &name, sizeof(name));
		memcpy(block + name_at, entry.name, entry.length);
		name_at += entry.length;
		step(c, &entry);
	}
}

int erofs_put_names(struct erofs *x, const struct erofs_place *p, bool last, struct err *e)
{
	struct cursor c = { p->node, p->node->first_child, 0 };
	uint64_t full = p->size / EROFS_BLOCK, behind = p->layout == EROFS_FLAT_INLINE;
	int r = 0;

	for (uint64_t block = 0; r == 0 && block < erofs_blocks(p->size); block++) {
		char bytes[EROFS_BLOCK] = { 0 };
		struct cursor begin = c;
		size_t count, used = next_block(&c, &count);

		if (behind && last != (block == full))
			continue;
		fill_block(x, &begin, count, bytes);
		r = erofs_put(x, bytes, last ? used : EROFS_BLOCK, e);
	}
	return r;
}
