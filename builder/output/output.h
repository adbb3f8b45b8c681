/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/tree/config.h"
#include "builder/tree/limits.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ids.h"
#include "lib/unpack.h"

/*
 * The formats that a tree can be written in: one table, which -f, the suffix of -o, --help and
 * the manual page are made from. A writer gets a sorted tree and a descriptor, and nothing of
 * the tree is changed; what it must remember about a node it keeps in arrays by id.
 */

enum output_kind {
	OUTPUT_DIR,    /* the descriptor is an empty directory's */
	OUTPUT_STREAM, /* written from front to back: a pipe will do */
	OUTPUT_FILE,   /* an empty regular file, open for reading and writing */
};

struct output_format;

/* Where the bytes of another image's layer come from. */
struct output_blobs {
	int (*begin)(void *image, size_t number, void **blob, struct err *e);
	unpack_source *next; /* its context is the blob */
	void (*end)(void *blob);
};

/* A layer of an image that is written: a tree, or another image's layer, which is kept. */
struct output_layer {
	struct tree *tree;      /* sorted, with whiteouts as names; NULL: another image's */
	const char *created_by; /* of a tree: what the history says of it */
	const char *author, *comment;     /* the same; may be NULL */
	const struct output_blobs *blobs; /* of another image's */
	void *image;                      /* for blobs->begin */
	size_t number;                    /* the same */
	const char *digest;               /* which it has to have; NULL: diff_id says enough */
	const char *diff_id;              /* the same for what it unpacks to */
	const json_t *document;           /* the config that its history stands in */
};

/* What is written as an image, besides the tree and its config. */
struct output_image {
	const struct output_layer *layers; /* bottom first */
	size_t layer_count;                /* 0: the tree is the one layer */
	const json_t *document;    /* the config that the image's is made from; NULL: none */
	const json_t *annotations; /* of the manifest, an object of texts; NULL: none */
	/* Of layers that are made, and of a squashfs: "none" and so on; NULL: the usual one. */
	const char *compression;
	int level;            /* of it; 0: the usual one */
	struct limits limits; /* of a kept layer that has to be unpacked */
};

struct output {
	struct tree *tree;
	const struct output_format *format;
	uint64_t size;        /* of a disk in bytes; 0: as the tree needs */
	uint64_t spare;       /* bytes that a disk has free besides */
	const char *identity; /* what the tree came from, for a disk's UUID; or NULL */
	const struct image_config *config; /* for images: with created, architecture and os */
	const struct output_image *image;  /* for images; NULL: nothing */
	const char *name;       /* "redis:7", a tag alone, or NULL: what an image is called */
	const struct ids *user; /* for bundles: who the config's user is */
	bool rootless;          /* directories keep owners and the like in attributes */
	bool plain;             /* there is no process 1 of ours in it */
	struct buf *notes;      /* what the format or file system could not hold: a line each */
};

struct output_format {
	const char *name;   /* what -f takes */
	const char *alias;  /* as well as this; may be NULL */
	const char *suffix; /* of a file's name, with the dot; NULL: none implies it */
	const char *what;   /* in a few words, for --help */
	enum output_kind kind;
	bool is_initramfs;
	const char *filter; /* compression: NULL, "gzip" or "zstd" */
	int (*write)(const struct output *o, int fd, struct err *e);
};

extern const struct output_format output_formats[];
extern const size_t output_format_count;

/*
 * The format that -f names (NULL: not given) or that the name of the output implies: by its
 * suffix, a directory where it has none that is known. -EINVAL for a name that is no format.
 */
int output_find(const char *name, const char *path, const struct output_format **out,
	struct err *e) must_check;

/* Whether it is an image with layers and a config. */
bool output_is_image(const struct output_format *f);

/* Writes o->tree as o->format says. */
int output_write(const struct output *o, int fd, struct err *e) must_check;

/* A line for the person who waits: "12 sockets were left out: tar has none". */
void output_note(const struct output *o, const char *format, ...) printf_like(2, 3);

/* The writers of the table. */
int output_dir(const struct output *o, int fd, struct err *e) must_check;
int output_tar(const struct output *o, int fd, struct err *e) must_check;
int output_oci(const struct output *o, int fd, struct err *e) must_check;
int output_oci_archive(const struct output *o, int fd, struct err *e) must_check;
int output_docker(const struct output *o, int fd, struct err *e) must_check;
int output_cpio(const struct output *o, int fd, struct err *e) must_check;
int output_ext4(const struct output *o, int fd, struct err *e) must_check;
int output_squashfs(const struct output *o, int fd, struct err *e) must_check;
int output_erofs(const struct output *o, int fd, struct err *e) must_check;
int output_bundle(const struct output *o, int fd, struct err *e) must_check;

/* Whether a directory there can be written rootless; -ENOTSUP with the way out where not. */
int output_check_rootless(int dir, struct err *e) must_check;

/*
 * Adds why a program that a writer needed could not write to fd: that there is no room, and
 * what it has complained of, as far as one line goes.
 */
void output_quote(int log, int fd, struct err *e);

/* As output_tar, not packed, piece by piece to a function, which returns 0 or -errno. */
typedef int output_sink(const void *bytes, size_t size, void *context);
int output_tar_to(
	const struct output *o, output_sink *sink, void *context, struct err *e) must_check;
