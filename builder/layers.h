/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "builder/adjust.h"
#include "builder/image/image.h"
#include "builder/output/output.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * The layers that an image is written with, bottom first: those of other images as they are,
 * and what else was done to the tree, as layers of its own. Who merges them by any reading of
 * OCI image-spec, layer.md, gets the tree: each that is made here holds the folders above its
 * names, and never a hard link to another layer's file.
 */
struct layers {
	struct output_layer *items;
	size_t count, capacity;
	struct tree **trees; /* of those that were made here, owned */
	size_t tree_count, tree_capacity;
};

void layers_release(struct layers *l);

/* All layers of an image, which has to stay. */
void layers_add_image(struct layers *l, struct image *i);

/* One layer, whose tree, where it has one, is not the list's. */
void layers_add(struct layers *l, const struct output_layer *layer);

/* What a tree looks like before something is done to it. */
struct snapshot {
	const struct node **nodes; /* all, parents first */
	size_t count;
	uint32_t ids; /* node ids that had been given out */
};

void snapshot_take(struct snapshot *s, const struct tree *t);
void snapshot_release(struct snapshot *s);

/*
 * Adds what was done to `t` since: its new names, the directories that `layer` has given other
 * attributes, and whiteouts for the names that are gone. The times of what that layer brings
 * are adjusted. -ENAMETOOLONG where a name that is gone is too long for a whiteout.
 */
struct made {
	struct tree *tree;
	uint32_t layer;
	const struct adjust *adjust;
	const char *comment; /* for the history */
};

int layers_add_made(struct layers *l, const struct snapshot *before, const struct made *made,
	struct err *e) must_check;
