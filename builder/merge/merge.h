/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "builder/tree/entry.h"
#include "builder/tree/limits.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * Puts layer after layer into a tree by the rules of OCI image-spec, layer.md, "Applying
 * Changesets". What is not to be trusted is refused by the table in refuse.c before the tree
 * changes.
 *
 *	- A whiteout (.wh.NAME) removes what lower layers have by that name, wherever in its
 *	  layer it stands; an opaque whiteout (.wh..wh..opq) all that they have in its
 *directory.
 *	- A directory over a directory replaces its attributes, all of them; anything else over
 *	  anything unlinks and makes anew.
 *	- Parents are found inside the tree through links; missing ones are made 0755 0:0.
 *	- A hard link is to what the path means at that moment; to nothing is an error.
 */
struct merge;

struct merge_options {
	struct limits limits;
	time_t epoch; /* the time of directories that no layer has an entry for */
};

/* What one layer did to the tree. */
struct merge_counts {
	uint64_t added, changed, removed; /* names */
	uint64_t bytes;                   /* of files that it brings */
	uint64_t shadowed;                /* bytes of lower layers that it hides or removes */
};

struct merge *merge_new(struct tree *t, const struct merge_options *options) must_check;
void merge_free(struct merge *m);

/*
 * Applies the next layer. The list is emptied: its memory goes to the tree. After a failure the
 * tree is of no use. Errors name the entry.
 */
int merge_layer(struct merge *m, struct entry_list *layer, struct merge_counts *counts,
	struct err *e) must_check;
