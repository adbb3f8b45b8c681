/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "builder/output/erofs.h"
#include "lib/mem.h"

/*
 * Where everything lies. A record of at most a block, its tail included, never crosses into the
 * next one, which is more than the format asks of tails; blocks are filled by best fit.
 */

enum { SLOTS = EROFS_BLOCK / EROFS_SLOT };

/* Blocks of metadata with so many slots left at their end. */
struct gaps {
	struct {
		uint64_t *blocks;
		size_t count, capacity;
	} with[SLOTS];
	uint64_t next; /* the first block that is free */
};

struct planner {
	struct erofs *x;
	struct gaps gaps;
	size_t votes;
};

static void gaps_release(struct gaps *g)
{
	for (size_t i = 0; i < SLOTS; i++)
		free(g->with[i].blocks);
}

static void leave_gap(struct gaps *g, uint64_t block, size_t slots)
{
	if (!slots)
		return;
	g->with[slots].blocks = xgrow(g->with[slots].blocks, &g->with[slots].capacity,
		g->with[slots].count + 1, sizeof(uint64_t));
	g->with[slots].blocks[g->with[slots].count++] = block;
}

/* The slot from which on so many bytes lie. */
static uint64_t take_slots(struct gaps *g, uint64_t bytes)
{
	uint64_t slots = (bytes + EROFS_SLOT - 1) / EROFS_SLOT, blocks, begin;

	for (uint64_t have = slots; have < SLOTS; have++) {
		if (!g->with[have].count)
			continue;
		begin = g->with[have].blocks[--g->with[have].count] * SLOTS + SLOTS - have;
		leave_gap(g, begin / SLOTS, (size_t)(have - slots));
		return begin;
	}
	blocks = (slots + SLOTS - 1) / SLOTS;
	begin = g->next * SLOTS;
	g->next += blocks;
	leave_gap(g, g->next - 1, (size_t)(blocks * SLOTS - slots));
	return begin;
}

/* --- one inode -------------------------------------------------------------------------------
 */

static bool is_extended(const struct erofs *x, const struct erofs_place *p)
{
	const struct inode *i = p->node->inode;

	return i->uid > UINT16_MAX || i->gid > UINT16_MAX || p->size > UINT32_MAX ||
	       p->links > UINT16_MAX || i->mtime.tv_sec != x->time.tv_sec ||
	       i->mtime.tv_nsec != x->time.tv_nsec;
}

static int check_device(const struct inode *i, struct err *e)
{
	if (i->type != INODE_CHAR && i->type != INODE_BLOCK)
		return 0;
	if (i->major <= EROFS_MAJOR_MAX && i->minor <= EROFS_MINOR_MAX)
		return 0;
	return err_set(e, -EOVERFLOW, "an EROFS has no room for the device number %u:%u",
		i->major, i->minor);
}

static uint64_t data_size(const struct node *n)
{
	const struct inode *i = n->inode;

	if (i->type == INODE_DIR)
		return erofs_directory_size(n);
	if (i->type == INODE_SYMLINK)
		return strlen(i->target);
	return i->type == INODE_FILE && i->content ? i->content->size : 0;
}

/* How it lies, and the blocks that it takes besides its record. */
static uint64_t choose_layout(struct erofs_place *p)
{
	uint64_t blocks = erofs_blocks(p->size);

	p->layout = EROFS_FLAT_PLAIN;
	if (p->size && p->node->inode->type == INODE_FILE)
		erofs_choose_chunks(p, p->node->inode->content, &blocks);
	if (p->layout != EROFS_FLAT_PLAIN || p->size % EROFS_BLOCK == 0)
		return blocks;
	p->layout = EROFS_FLAT_INLINE;
	if (erofs_record_size(p) <= EROFS_BLOCK)
		return blocks - 1;
	p->layout = EROFS_FLAT_PLAIN;
	return blocks;
}

static int describe(struct planner *plan, const struct node *n, struct err *e)
{
	struct erofs *x = plan->x;
	struct erofs_place *p = &x->places[n->inode->id];
	uint64_t blocks;
	int r = check_device(n->inode, e);

	if (r == 0)
		r = erofs_xattrs_size(x, n->inode, &p->xattrs, e);
	if (r < 0)
		return r;
	p->node = n;
	p->size = data_size(n);
	p->links = node_links(n);
	p->extended = is_extended(x, p);
	p->ino = x->count + 1;
	blocks = choose_layout(p);
	p->nid = take_slots(&plan->gaps, erofs_record_size(p));
	p->block = (uint32_t)x->data_blocks;
	p->has_blocks = blocks > 0;
	x->data_blocks += blocks;
	x->chunked |= p->layout == EROFS_CHUNK_BASED;
	x->order[x->count++] = n->inode->id;
	if (plan->gaps.next + x->data_blocks >= EROFS_NO_BLOCK)
		return err_set(e, -EFBIG, "an EROFS ends at 16 TiB");
	return 0;
}

/* --- all -------------------------------------------------------------------------------------
 */

/* The time that most inodes have, where it is more than half of them (Boyer and Moore). */
static int vote(const struct node *n, const char *path, void *context, struct err *e)
{
	struct planner *plan = context;
	struct timespec *winner = &plan->x->time, time = n->inode->mtime;

	(void)path;
	(void)e;
	if (!plan->votes)
		*winner = time;
	if (time.tv_sec == winner->tv_sec && time.tv_nsec == winner->tv_nsec)
		plan->votes++;
	else
		plan->votes--;
	return 0;
}

static int add(const struct node *n, const char *path, void *context, struct err *e)
{
	struct planner *plan = context;
	int r;

	if (plan->x->places[n->inode->id].node)
		return 0;
	r = describe(plan, n, e);
	return r < 0 ? err_at(e, r, "'/%s': ", path) : 0;
}

static int by_nid(const void *a, const void *b, void *context)
{
	const struct erofs *x = context;
	uint64_t one = x->places[*(const uint32_t *)a].nid;
	uint64_t other = x->places[*(const uint32_t *)b].nid;

	return (one > other) - (one < other);
}

int erofs_plan(struct erofs *x, struct err *e)
{
	const uint64_t super_end = EROFS_SUPER_AT + sizeof(struct erofs_super);
	struct planner plan = { .x = x };
	int r = vote(tree_root(x->o->tree), "", &plan, e);

	x->places = xcalloc(tree_inode_ids(x->o->tree), sizeof(*x->places));
	x->order = xcalloc(tree_inode_ids(x->o->tree), sizeof(*x->order));
	if (r == 0)
		r = tree_walk(x->o->tree, vote, &plan, e);
	/* The superblock comes first; the root's nid has 16 bits, so the root is next. */
	(void)take_slots(&plan.gaps, super_end);
	if (r == 0)
		r = add(tree_root(x->o->tree), "", &plan, e);
	if (r == 0)
		r = tree_walk(x->o->tree, add, &plan, e);
	x->meta_blocks = plan.gaps.next;
	gaps_release(&plan.gaps);
	qsort_r(x->order, x->count, sizeof(*x->order), by_nid, x);
	return r;
}
