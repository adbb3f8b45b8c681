/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/merge/refuse.h"
#include "lib/mem.h"

/* --- the list --------------------------------------------------------------------------------
 */

void layers_release(struct layers *l)
{
	for (size_t n = 0; n < l->tree_count; n++)
		tree_free(l->trees[n]);
	free(l->trees);
	free(l->items);
	*l = (struct layers){ 0 };
}

void layers_add(struct layers *l, const struct output_layer *layer)
{
	l->items = xgrow(l->items, &l->capacity, l->count + 1, sizeof(*l->items));
	l->items[l->count++] = *layer;
}

static int open_blob(void *image, size_t number, void **blob, struct err *e)
{
	struct image_blob *b = NULL;
	int r = image_blob_open(image, number, &b, e);

	*blob = b;
	return r;
}

static void close_blob(void *blob)
{
	image_blob_close(blob);
}

static const struct output_blobs blobs = { open_blob, image_blob_next, close_blob };

void layers_add_image(struct layers *l, struct image *i)
{
	for (size_t n = 0; n < image_layer_count(i); n++) {
		const struct image_layer *from = image_layer(i, n);
		const char *read = *from->read_digest ? from->read_digest : NULL;

		layers_add(l, &(struct output_layer){
				      .blobs = &blobs,
				      .image = i,
				      .number = n,
				      .digest = from->digest ? from->digest : read,
				      .diff_id = from->diff_id,
				      .document = image_document(i),
			      });
	}
}

/* --- what was done to a tree -----------------------------------------------------------------
 */

void snapshot_take(struct snapshot *s, const struct tree *t)
{
	const struct node *root = tree_root(t);

	*s = (struct snapshot){ .ids = tree_node_ids(t) };
	s->nodes = xcalloc(s->ids, sizeof(*s->nodes));
	for (const struct node *n = root; n; n = tree_next(root, n))
		s->nodes[s->count++] = n;
}

void snapshot_release(struct snapshot *s)
{
	free(s->nodes);
	*s = (struct snapshot){ NULL, 0, 0 };
}

/* A layer is the copy of a part of the tree. */
struct copying {
	const struct snapshot *before;
	const struct made *made;
	struct tree *to;
	struct node **nodes;   /* by node id of the tree: its copy */
	struct inode **inodes; /* the same by inode id */
	bool *alive, *wanted;  /* by node id */
	bool *given;           /* by inode id: has a new name */
};

static bool is_dir(const struct node *n)
{
	return n->inode->type == INODE_DIR;
}

static void want(struct copying *c, const struct node *n)
{
	while (!c->wanted[n->id]) {
		c->wanted[n->id] = true;
		n = n->parent;
	}
}

/* A name is new by its id; a directory that was there may have got new attributes. */
static bool is_changed(const struct copying *c, const struct node *n)
{
	return n->id >= c->before->ids || (is_dir(n) && n->inode->layer == c->made->layer);
}

/* With a new name of a file come all its names: some merge no links from layer to layer. */
static void choose(struct copying *c)
{
	const struct node *root = tree_root(c->made->tree), *n;

	for (n = root; n; n = tree_next(root, n)) {
		c->alive[n->id] = true;
		if (is_changed(c, n) && !is_dir(n))
			c->given[n->inode->id] = true;
		else if (is_changed(c, n))
			want(c, n);
	}
	for (n = root; n; n = tree_next(root, n))
		if (c->given[n->inode->id])
			want(c, n);
}

static struct inode *copy_inode(struct copying *c, const struct inode *from)
{
	struct inode *i = c->inodes[from->id];
	uint32_t id;

	if (i)
		return i;
	i = tree_inode(c->to, from->type);
	id = i->id;
	*i = *from;
	i->id = id;
	i->links = 0;
	if (from->layer == c->made->layer)
		adjust_time(c->made->adjust, i);
	c->inodes[from->id] = i;
	return i;
}

/* The copy of a node, whose parents are copied by now. */
static struct node *copy_node(struct copying *c, const struct node *n)
{
	struct node *root = tree_root(c->to);

	if (n != tree_root(c->made->tree))
		return tree_link(c->to, c->nodes[n->parent->id], n->name, n->name_length,
			copy_inode(c, n->inode));
	root->inode = copy_inode(c, n->inode);
	root->inode->links = 1;
	return root;
}

static void copy_wanted(struct copying *c)
{
	const struct node *root = tree_root(c->made->tree);

	want(c, root);
	for (const struct node *n = root; n; n = tree_next(root, n))
		if (c->wanted[n->id])
			c->nodes[n->id] = copy_node(c, n);
}

/* Markers have no attributes of their own: the same layer is the same bytes. */
static void put_marker(struct copying *c, struct node *dir, const char *name)
{
	(void)tree_link(c->to, dir, name, strlen(name), tree_inode(c->to, INODE_FILE));
}

/* What a name that is gone leaves in the layer, where its directory is still there. */
static int put_removed(struct copying *c, const struct node *gone, struct err *e)
{
	const struct node *now = tree_child(
		c->made->tree, gone->parent, gone->name, gone->name_length);
	char name[NAME_LENGTH_MAX + 1];

	if (now) {
		/* What was below it would show through a directory that is not the same. */
		if (is_dir(now) && is_dir(gone))
			put_marker(c, c->nodes[now->id], ".wh..wh..opq");
		return 0;
	}
	if (snprintf(name, sizeof(name), ".wh.%s", gone->name) > NAME_LENGTH_MAX)
		return err_hint(e,
			err_set(e, -ENAMETOOLONG,
				"'%.64s…' is removed, but a layer can remove names of 251 "
				"bytes only",
				gone->name),
			"--squash writes one layer, which has nothing to remove");
	put_marker(c, c->nodes[gone->parent->id], name);
	return 0;
}

static int copy(struct copying *c, struct err *e)
{
	const struct snapshot *s = c->before;
	int r = 0;

	choose(c);
	for (size_t n = 0; n < s->count; n++)
		if (!c->alive[s->nodes[n]->id] && c->alive[s->nodes[n]->parent->id])
			want(c, s->nodes[n]->parent);
	copy_wanted(c);
	for (size_t n = 0; r == 0 && n < s->count; n++)
		if (!c->alive[s->nodes[n]->id] && c->alive[s->nodes[n]->parent->id])
			r = put_removed(c, s->nodes[n], e);
	tree_sort(c->to);
	return r;
}

int layers_add_made(
	struct layers *l, const struct snapshot *before, const struct made *made, struct err *e)
{
	const size_t nodes = tree_node_ids(made->tree), inodes = tree_inode_ids(made->tree);
	struct copying c = { .before = before, .made = made, .to = tree_new() };
	int r;

	c.nodes = xcalloc(nodes, sizeof(struct node *));
	c.inodes = xcalloc(inodes, sizeof(struct inode *));
	c.alive = xcalloc(nodes, sizeof(bool));
	c.wanted = xcalloc(nodes, sizeof(bool));
	c.given = xcalloc(inodes, sizeof(bool));
	r = copy(&c, e);
	free(c.nodes);
	free(c.inodes);
	free(c.alive);
	free(c.wanted);
	free(c.given);
	l->trees = xgrow(l->trees, &l->tree_capacity, l->tree_count + 1, sizeof(struct tree *));
	l->trees[l->tree_count++] = c.to;
	layers_add(l, &(struct output_layer){
			      .tree = c.to, .created_by = "cbuild", .comment = made->comment });
	return r;
}
