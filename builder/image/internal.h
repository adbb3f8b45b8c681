/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "builder/image/image.h"
#include "builder/image/source.h"
#include "builder/image/spool.h"
#include "lib/json.h"

/*
 * What the files of builder/image share; nobody outside includes it.
 */

/* Where a layer lies. */
struct part {
	const char *member; /* of the source; NULL: the source itself */
	_Atomic uint64_t progress;
};

struct image {
	struct arena arena;
	struct image_options options;
	struct source source;
	struct spool spool;
	const char *kind, *name, *digest;
	struct image_config config;
	json_t *document;    /* that config is from; NULL: a root has none of its own */
	json_t *annotations; /* of the manifest, or NULL */
	struct image_layer *layers;
	struct part *parts;
	struct blob *blobs; /* of the layers, opened when read; contents lie there */
	size_t layer_count;
	_Atomic uint64_t size_left, entries_left;
	_Atomic uint64_t left_out; /* attributes called user.cinit.* that say nothing */
	uint64_t kept;             /* files that are what such attributes say */
	_Atomic bool cancelled;
};

/* Makes room for `count` layers, zeroed. */
void image_set_layer_count(struct image *i, size_t count);

/* Reads a JSON document of the source; digest and size (0) where the image gives them. */
int image_load_json(struct image *i, const char *member, const char *digest, uint64_t size,
	json_t **out, struct err *e) must_check;

/* Each recognises nothing: it reads an image that is known to be of its kind. */
int oci_open(struct image *i, struct err *e) must_check;
int docker_open(struct image *i, struct err *e) must_check;

/* Takes over what a config document says; texts go to the arena. */
int config_parse(const json_t *document, struct arena *a, struct image_config *c,
	struct err *e) must_check;

/* os/architecture[/variant] of this machine, or as the options ask. */
struct platform {
	char os[32], architecture[32], variant[16];
};
int platform_wanted(const struct image *i, struct platform *p, struct err *e) must_check;

/* The entries of a folder that is the root file system itself. */
int directory_read(struct image *i, struct entry_list *out, struct err *e) must_check;

/* The entries of one layer, in any thread. */
int image_read_layer(
	struct image *i, size_t layer, struct entry_list *out, struct err *e) must_check;
