/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "builder/adjust.h"
#include "builder/image/image.h"
#include "builder/layers.h"
#include "builder/merge/merge.h"
#include "builder/output/output.h"
#include "builder/tree/config.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * From images to a rootfs in memory, the way cbuild goes and cbox too:
 *
 *	struct build *b;
 *
 *	r = build_tree(&(struct build_request){ .inputs = &path, .input_count = 1 }, &b, e);
 *	…
 *	r = build_write(b, "dir", fd, e);	(or "cpio", "tar.zst", …)
 *	build_free(b);
 *
 * Nothing appears on the host's file systems but by build_write. Asks for no privilege.
 */

/* What the command line says about running it, over what the image's config says. */
struct build_change {
	const char *entrypoint, *cmd; /* a JSON array, or one word; NULL: the image's */
	const char *const *env;       /* NAME=value */
	size_t env_count;
	const char *user, *workdir, *stop_signal; /* NULL: the image's */
	const char *const *labels;                /* KEY=VALUE */
	size_t label_count;
};

struct build_layer {
	const char *input; /* which of the inputs, as it was given */
	size_t number;     /* in that input, from 1 */
	size_t total;      /* of that input's layers */
	const char *digest;
	uint64_t size; /* of the blob */
	struct merge_counts counts;
};

/* What is told of the work while it goes on, in the caller's thread. */
struct build_events {
	/* The image's layers are read from here on; NULL: no image's are any more. */
	void (*reading)(const struct image *image, void *context);
	/* What is in the layer, which comes next. */
	void (*read)(const struct image *image, const struct build_layer *layer,
		const struct entry_list *entries, void *context);
	/* The layer is in the tree. */
	void (*merged)(const struct build_layer *layer, void *context);
};

struct build_request {
	const char *const *inputs; /* images and directories; later ones lie on top */
	size_t input_count;
	struct image_options image;
	struct build_change change;
	struct adjust adjust;
	time_t epoch;   /* the time of what no layer gives a time */
	uint64_t size;  /* of a disk in bytes; 0: as the tree needs */
	uint64_t spare; /* bytes that a disk has free besides */
	const char
		*name; /* what an image that is written is called; NULL: as the first input */
	bool rootless; /* owners and the like go to attributes, in a directory */
	bool plain;    /* the image's own tree: no process 1, skeleton, boot record */
	bool layered;  /* for an image: the inputs' layers are kept where they can be */
	const char *compression; /* of layers that are made; as struct output_image has it */
	int level;               /* the same */
	const char *const *annotations; /* of an image's manifest, KEY=VALUE */
	size_t annotation_count;
	bool initramfs;   /* with a link /init to process 1 */
	const char *init; /* host path of cinit; NULL: as build_find_init finds it */
	const char *skel; /* host path of the skeleton; NULL: build_find_skel */
	const struct build_events *events; /* NULL: nobody asks */
	void *context;
};

struct build {
	struct tree *tree; /* sorted, ready for a writer */
	struct image_config config;
	struct build_layer *layers; /* bottom first */
	size_t layer_count;
	uint64_t size, spare;      /* of a disk, from the request */
	const char *name;          /* the same */
	time_t epoch;              /* the same */
	bool rootless, plain;      /* the same */
	struct output_image image; /* for a writer of images */
	struct layers kept;        /* the same; none: the tree as one */
	size_t config_of;          /* which of the images the config is from */
	json_t *annotations;       /* of the manifest */
	struct buf notes;          /* lines for the person who waits */
	struct image **images;     /* the contents of files lie in them */
	size_t image_count;
	struct arena arena;
};

int build_tree(
	const struct build_request *request, struct build **out, struct err *e) must_check;

/* Writes the tree in a format that `-f` knows; notes are added to b->notes. */
int build_write(struct build *b, const char *format, int fd, struct err *e) must_check;

void build_free(struct build *b);

/*
 * Where cinit and the skeleton are: beside the running program in a build tree
 * (build/FLAVOR/cinit, rootfs-skel), else as installed (../lib/cinit/cinit,
 * ../share/cinit/rootfs-skel). The caller frees the path.
 */
int build_find_init(char **path, struct err *e) must_check;
int build_find_skel(char **path, struct err *e) must_check;

/* The config that `change` makes of one, its memory in `a`. */
int build_change_config(const struct build_change *change, struct image_config *config,
	struct arena *a, struct err *e) must_check;
