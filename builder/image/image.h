/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/tree/config.h"
#include "builder/tree/entry.h"
#include "builder/tree/limits.h"
#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/sha256.h"

/*
 * An image, whatever it came in: an archive of `docker save` (old and new layout), an OCI
 * layout (folder or tar), a tar of a root file system, or a plain directory. It has a config
 * and layers, bottom first, and a layer is read as a list of entries. Nothing here judges
 * names; the bytes of files stay where they are when they can be read there, else go to one
 * unlinked scratch file.
 *
 * Every digest and size that the image gives is checked in the one read that there is of each
 * blob.
 */
struct image;

struct image_options {
	const char *platform; /* "linux/arm64", "linux/arm/v7"; NULL: this machine's */
	const char *ref;      /* "name", "name:tag": which one of several; NULL: the only one */
	const char *config;   /* host path of a config for what has none of its own, or NULL */
	const char *scratch;  /* host directory for scratch files; NULL: $TMPDIR, /tmp */
	const char *target;   /* host directory that the files will be written below, or NULL */
	const struct file_id *own; /* the output: where it lies in a folder, no part of it */
	size_t own_count;
	struct limits limits;
	bool is_root;     /* it is a root file system, whatever files lie in it */
	unsigned threads; /* that read layers; 0: one a processor */
};

struct image_layer {
	const char *digest;     /* of the blob; NULL where the image does not say */
	const char *diff_id;    /* of the unpacked layer; the same */
	const char *media_type; /* the same */
	uint64_t size;          /* of the blob in bytes, as it lies there; 0 for a directory */
	uint64_t unpacked;      /* bytes that it unpacks to, once it was read */
	const char *packed;     /* "gzip", "none", …: how the blob is, once it was read */
	char read_digest[DIGEST_SIZE]; /* what its bytes say themselves, once it was read */
};

/* Opens what `path` names; "-" is standard input. Reads all of it but the layers. */
int image_open(const char *path, const struct image_options *options, struct image **out,
	struct err *e) must_check;

/* Also ends what is spooled: contents of entries can be read until then, and no longer. */
void image_free(struct image *i);

/* "docker archive", "OCI layout", "OCI archive", "root archive", "directory". */
const char *image_kind(const struct image *i);

/* A name that the image gives itself ("redis:7"), or NULL. */
const char *image_name(const struct image *i);

/* The digest of the manifest (OCI) or of the config (docker archive), or NULL. */
const char *image_digest(const struct image *i);

const struct image_config *image_config(const struct image *i);

/* Gives a config that names no processor the one that the options ask for, or this machine's.
 */
int image_complete(struct image *i, struct image_config *c, struct err *e) must_check;

size_t image_layer_count(const struct image *i);
const struct image_layer *image_layer(const struct image *i, size_t layer);

/* The file of the image that the layer is, or NULL where the image is the layer itself. */
const char *image_layer_file(const struct image *i, size_t layer);
bool image_is_folder(const struct image *i);

/* How far reading has come, in bytes of the blob: for a progress bar, from any thread. */
uint64_t image_layer_progress(const struct image *i, size_t layer);

/*
 * Reads the layers, several at a time, and hands each one's entries to `each` in the order of
 * the layers, in the caller's thread. `each` may take the arena out of the list. A result other
 * than 0 ends it and is returned; errors say which layer.
 */
typedef int image_each(size_t layer, struct entry_list *entries, void *context, struct err *e);
int image_read(struct image *i, image_each *each, void *context, struct err *e) must_check;

/* What the person who waits should know of the image, once it was read: adds a line each. */
void image_notes(const struct image *i, struct buf *to);

/*
 * A layer's blob as it lies there, packed or not, and unchecked. image_blob_next is an
 * unpack_source (lib/unpack.h) whose context is the blob. Not for a directory.
 */
struct image_blob;
int image_blob_open(
	struct image *i, size_t layer, struct image_blob **out, struct err *e) must_check;
int image_blob_next(void *blob, const void **bytes, size_t *size, struct err *e) must_check;
void image_blob_close(struct image_blob *b);

/* Whether it is a root file system, in a tar or a folder: its one layer has no digest. */
bool image_is_root(const struct image *i);

/* The config as a whole, for what is passed on; NULL where a root was given none. */
const json_t *image_document(const struct image *i);

/* The annotations of the manifest, an object of texts, or NULL. */
const json_t *image_annotations(const struct image *i);
