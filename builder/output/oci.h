/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/output/output.h"
#include "builder/tree/config.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sha256.h"

/*
 * The pieces of an image that is written (OCI image-spec, image-layout.md): blobs under the
 * names of their digests, and a few files by name. They go to a folder that is a layout or
 * becomes one, or, for an archive, into a tree of their own that the tar writer then writes.
 */
struct oci_store {
	int dir;           /* the layout's folder, not owned; -1: an archive */
	struct tree *tree; /* of an archive */
	int *scratch;      /* its large blobs: descriptors, owned */
	size_t scratch_count, scratch_capacity;
};

struct oci_blob {
	char digest[DIGEST_SIZE];
	uint64_t size;
};

/* A blob that comes in pieces; one at a time in a store. */
struct oci_stream {
	struct oci_store *store;
	struct sha256 sum;
	uint64_t size;
	int fd;
};

/* dir -1: for an archive. A folder gets its blobs/sha256 where it has none. */
int oci_store_init(struct oci_store *s, int dir, struct err *e) must_check;
void oci_store_release(struct oci_store *s);

/* A file by its name in the top folder, which it must not have: "index.json". */
int oci_put_file(
	struct oci_store *s, const char *name, const json_t *json, struct err *e) must_check;

/* A whole blob: the JSON, written compactly. */
int oci_put_json(struct oci_store *s, const json_t *json, struct oci_blob *out,
	struct err *e) must_check;

/*
 * A blob in pieces; oci_put returns 0 or -errno without a description, and oci_end gives the
 * blob its name. oci_stream_release takes an unfinished one away and may be called after it.
 */
int oci_begin(struct oci_store *s, struct oci_stream *stream, struct err *e) must_check;
int oci_put(struct oci_stream *stream, const void *bytes, size_t size) must_check;
int oci_end(struct oci_stream *stream, struct oci_blob *out, struct err *e) must_check;
void oci_stream_release(struct oci_stream *stream);

/* How a layer is packed: NULL for not, "gzip" or "zstd" (lib/pack.h), and its level or 0. */
struct oci_packing {
	const char *filter;
	int level;
};

/* How other images' layers are kept. */
struct oci_keeping {
	bool zstd;                    /* as it is; else that is packed anew, too */
	struct oci_packing otherwise; /* of what is packed anew */
	struct limits limits;         /* of what it unpacks to */
};

/* A layer in a store. `diff_id` is the digest of what it unpacks to. */
struct oci_layer {
	struct oci_blob blob;
	char diff_id[DIGEST_SIZE];
	const char *filter;
};

/* Puts the tree of `o` into the store as a layer: a tar. */
int oci_put_layer(struct oci_store *s, const struct output *o, const struct oci_packing *p,
	struct oci_layer *out, struct err *e) must_check;

/*
 * Puts another image's layer into the store, byte for byte, or, where it is packed as no layer
 * of OCI may be (xz, bzip2, lz4) or as `how` has it not, packed anew. Its digest, or else its
 * diff ID, is checked.
 */
int oci_keep_layer(struct oci_store *s, const struct output_layer *from,
	const struct oci_keeping *how, struct oci_layer *out, struct err *e) must_check;

/* The filter of what is called "none", "gzip" or "zstd"; false for what no layer may have. */
bool oci_filter(const char *name, const char **filter);

/* The media type of a layer that is packed so. */
const char *oci_layer_type(const char *filter);

/* A descriptor (OCI image-spec, descriptor.md); the caller owns it. */
json_t *oci_descriptor(const char *media_type, const struct oci_blob *blob);

/* The config of an image with the layers of `o`, config.md; the caller owns it. */
int oci_config(const struct output *o, const struct oci_layer *layers, json_t **out,
	struct err *e) must_check;

/* The layers that are written: those of o->image, or one that is the tree. */
struct oci_layers {
	const struct output_layer *items;
	size_t count;
	struct output_layer whole;
};

void oci_layers_of(const struct output *o, struct oci_layers *out);

/*
 * "redis:7" as a name and what stands behind its last colon: "redis:7" and "7", or "latest".
 * What is no name but a tag alone, as layouts have them ("v1"), is a tag and a NULL name.
 */
struct oci_name {
	char *name, *tag;
};

void oci_name_parse(const char *text, struct oci_name *out);
void oci_name_release(struct oci_name *n);
