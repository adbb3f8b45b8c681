/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/verb/inspect.h"

#include <stdio.h>
#include <stdlib.h>

#include "builder/plan.h"
#include "builder/tree/content.h"
#include "builder/verb/verbs.h"
#include "lib/auto.h"

struct reading {
	struct inspected *i;
	struct merge *merge;
};

uint64_t inspected_waste(const struct inspected_layer *l)
{
	return l->counts.bytes > l->live ? l->counts.bytes - l->live : 0;
}

bool inspected_wants(const struct inspected *i, size_t n)
{
	return !i->only || i->only == n + 1;
}

/* Before the merge, which changes what it takes over. */
static void keep_entries(struct inspected *i, const struct entry_list *from)
{
	i->entries = xcalloc(from->count, sizeof(*i->entries));
	i->entry_count = from->count;
	for (size_t n = 0; n < from->count; n++) {
		const struct entry *entry = &from->items[n];

		i->entries[n] = (struct inspected_entry){ entry->path, entry->link, { 0 } };
		if (!entry->inode)
			continue;
		i->entries[n].inode = *entry->inode;
		i->entries[n].inode.uid = (uint32_t)entry->uid;
		i->entries[n].inode.gid = (uint32_t)entry->gid;
	}
}

static int take_layer(size_t layer, struct entry_list *entries, void *context, struct err *e)
{
	struct reading *r = context;

	if (r->i->files && r->i->only == layer + 1)
		keep_entries(r->i, entries);
	return merge_layer(r->merge, entries, &r->i->layers[layer].counts, e);
}

/* The history's steps that made a layer are the layers, in order, or they are not told apart.
 */
static void name_steps(struct inspected *i)
{
	const struct image_config *c = image_config(i->image);
	size_t steps = 0, n = 0;

	for (size_t h = 0; h < c->history_count; h++)
		steps += !c->history[h].empty_layer;
	if (steps != i->layer_count)
		return;
	for (size_t h = 0; h < c->history_count; h++)
		if (!c->history[h].empty_layer)
			i->layers[n++].step = &c->history[h];
}

static void count_live(struct inspected *i)
{
	auto_free bool *seen = xcalloc(tree_inode_ids(i->tree), sizeof(*seen));
	struct node *root = tree_root(i->tree);

	for (const struct node *n = root; n; n = tree_next(root, n)) {
		const struct inode *inode = n->inode;

		if (inode->content && !seen[inode->id] && inode->layer < i->layer_count)
			i->layers[inode->layer].live += inode->content->size;
		seen[inode->id] = true;
	}
}

static int read_image(struct inspected *i, const struct image_options *options, struct err *e)
{
	const struct merge_options rules = { .limits = options->limits };
	struct reading reading = { .i = i };
	int r = image_open(i->input, options, &i->image, e);

	if (r < 0)
		return r;
	i->layer_count = image_layer_count(i->image);
	if (i->only > i->layer_count)
		return err_set(e, -EINVAL, "'%s' has %zu layers, and none is number %zu",
			i->input, i->layer_count, i->only);
	i->layers = xcalloc(i->layer_count, sizeof(*i->layers));
	for (size_t n = 0; n < i->layer_count; n++)
		i->layers[n].from = image_layer(i->image, n);
	i->tree = tree_new();
	reading.merge = merge_new(i->tree, &rules);
	r = image_read(i->image, take_layer, &reading, e);
	merge_free(reading.merge);
	if (r < 0)
		return err_at(e, r, "'%s': ", i->input);
	tree_sort(i->tree);
	name_steps(i);
	count_live(i);
	return 0;
}

static void release(struct inspected *i)
{
	tree_free(i->tree);
	image_free(i->image);
	free(i->layers);
	free(i->entries);
}

int verb_inspect(const struct cbuild_row *row, const struct opt_list *operands, struct err *e)
{
	auto_json json_t *all = row->json ? json_array() : NULL;
	struct image_options options = { 0 };
	int r = 0;

	if (!operands->count)
		return err_set(e, CBUILD_USAGE, "which image? see 'cbuild inspect --help'");
	if (row->layer == 0)
		return err_set(e, CBUILD_USAGE, "--layer: the lowest layer is number 1");
	plan_image_options(row, &options);
	for (size_t n = 0; r >= 0 && n < operands->count; n++) {
		struct inspected i = { .input = operands->items[n], .files = row->files };

		i.only = row->layer > 0 ? (size_t)row->layer : 0;
		r = read_image(&i, &options, e);
		if (r >= 0 && all)
			(void)json_array_append_new(all, inspect_json(&i));
		if (r >= 0 && !all && n)
			(void)putchar('\n');
		if (r >= 0 && !all)
			r = inspect_print(&i, e);
		release(&i);
	}
	if (r >= 0 && all) {
		(void)json_dumpf(all, stdout, JSON_INDENT(2));
		(void)putchar('\n');
	}
	return r < 0 ? r : 0;
}
