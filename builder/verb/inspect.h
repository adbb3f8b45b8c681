/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/image/image.h"
#include "builder/merge/merge.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/json.h"

/*
 * What `cbuild inspect` found out about one image, and the two ways of telling it. All its
 * layers are read, so that what is told is checked too.
 */
struct inspected_layer {
	const struct image_layer *from;
	const struct config_history *step; /* that made it; NULL where the history is silent */
	struct merge_counts counts;
	uint64_t live; /* bytes of its files that the merged tree still has */
};

/* An entry of the one layer that is asked for, as that layer has it. */
struct inspected_entry {
	const char *path, *link; /* link: a hard link to it, `inode` is empty then */
	struct inode inode;
};

struct inspected {
	const char *input; /* as it was given */
	struct image *image;
	struct tree *tree; /* merged and sorted */
	struct inspected_layer *layers;
	size_t layer_count;
	size_t only;                     /* this layer, from 1; 0: all */
	bool files;                      /* are asked for */
	struct inspected_entry *entries; /* of layer `only`, where files are asked for */
	size_t entry_count;
};

int inspect_print(const struct inspected *i, struct err *e) must_check;
json_t *inspect_json(const struct inspected *i) must_check;

/* The files that are asked for, as lines and as an array. */
int inspect_print_files(const struct inspected *i, struct err *e) must_check;
json_t *inspect_json_files(const struct inspected *i) must_check;

/* Bytes of a layer's files that upper layers replace or remove. */
uint64_t inspected_waste(const struct inspected_layer *l);

/* Whether layer n, from 0, is asked for. */
bool inspected_wants(const struct inspected *i, size_t n);
