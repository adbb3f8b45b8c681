/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/contents.h"

#include <stdlib.h>

#include "lib/ahead.h"
#include "lib/mem.h"

/* A place among the bytes of all: an extent of a file of the list, and how far into it. */
struct place {
	size_t file;
	uint32_t extent;
	uint64_t done;
};

struct contents {
	enum contents_order order;
	const struct node **bearers; /* by inode id */
	const struct content **list; /* as they go out */
	size_t count, capacity;
	struct place filled; /* the thread's */
	struct ahead *ahead;
	size_t next;       /* the writer's: its file in the list */
	const char *bytes; /* of the current piece, not yet handed out */
	size_t size;
};

/* The extent that comes next; NULL behind the last. */
static const struct extent *find(const struct contents *c, struct place *p)
{
	for (; p->file < c->count; p->file++, p->extent = 0)
		if (p->extent < c->list[p->file]->extent_count)
			return &c->list[p->file]->extents[p->extent];
	return NULL;
}

static int fill(void *context, void *to, size_t room, size_t *size, struct err *e)
{
	struct contents *c = context;
	struct place *p = &c->filled;
	const struct extent *x;

	*size = 0;
	while (*size < room && (x = find(c, p))) {
		uint64_t left = x->size - p->done;
		size_t n = left < room - *size ? (size_t)left : room - *size;
		int r = content_fetch(
			c->list[p->file], (char *)to + *size, n, x->offset + p->done, e);

		if (r < 0)
			return r;
		*size += n;
		p->done += n;
		if (p->done == x->size) {
			p->done = 0;
			p->extent++;
		}
	}
	return 0;
}

static int choose_bearer(const struct node *n, const char *path, void *context, struct err *e)
{
	struct contents *c = context;
	const struct node **bearer = &c->bearers[n->inode->id];

	(void)path;
	(void)e;
	if (!*bearer || c->order == CONTENTS_WITH_LAST)
		*bearer = n;
	return 0;
}

static int list_content(const struct node *n, const char *path, void *context, struct err *e)
{
	const struct inode *i = n->inode;
	struct contents *c = context;

	(void)path;
	(void)e;
	if (i->type != INODE_FILE || c->bearers[i->id] != n || !i->content || !i->content->size)
		return 0;
	c->list = xgrow(c->list, &c->capacity, c->count + 1, sizeof(*c->list));
	c->list[c->count++] = i->content;
	return 0;
}

int contents_start(
	struct tree *t, enum contents_order order, struct contents **out, struct err *e)
{
	struct contents *c = xcalloc(1, sizeof(*c));
	const struct node *root = tree_root(t);
	int r;

	*c = (struct contents){ .order = order };
	c->bearers = xcalloc(tree_inode_ids(t), sizeof(*c->bearers));
	c->bearers[root->inode->id] = root;
	r = tree_walk(t, choose_bearer, c, e);
	if (r == 0)
		r = tree_walk(t, list_content, c, e);
	if (r == 0)
		r = ahead_start(fill, c, 1, &c->ahead, e);
	if (r < 0) {
		contents_free(c);
		return r;
	}
	*out = c;
	return 0;
}

const struct node *contents_bearer(const struct contents *c, const struct inode *i)
{
	return c->bearers[i->id];
}

static int hand_out(
	struct contents *c, uint64_t size, content_sink *sink, void *context, struct err *e)
{
	while (size) {
		const void *bytes;
		size_t n;
		int r;

		if (!c->size) {
			r = ahead_next(c->ahead, 0, &bytes, &c->size, e);
			if (r < 0)
				return r;
			c->bytes = bytes;
		}
		n = size < c->size ? (size_t)size : c->size;
		r = sink(c->bytes, n, context, e);
		if (r)
			return r;
		c->bytes += n;
		c->size -= n;
		size -= n;
	}
	return 0;
}

int contents_read(struct contents *c, content_sink *sink, void *context, struct err *e)
{
	const struct content *file = c->list[c->next++];
	uint64_t at = 0;

	for (uint32_t i = 0; i < file->extent_count; i++) {
		const struct extent *x = &file->extents[i];
		int r = x->at > at ? sink(NULL, x->at - at, context, e) : 0;

		if (!r)
			r = hand_out(c, x->size, sink, context, e);
		if (r)
			return r;
		at = x->at + x->size;
	}
	return file->size > at ? sink(NULL, file->size - at, context, e) : 0;
}

void contents_free(struct contents *c)
{
	if (!c)
		return;
	ahead_free(c->ahead);
	free(c->list);
	free(c->bearers);
	free(c);
}
