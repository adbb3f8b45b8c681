/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/image/image.h"
#include "builder/output/oci.h"
#include "lib/attr.h"
#include "lib/json.h"

/* The parts of `cbuild commit`: what it takes over from an image, and what it adds. */

/*
 * Copies a layer's blob, byte for byte, and checks it against the digest that the image gives,
 * or, where it is not packed, against its diff ID.
 */
int commit_copy_layer(struct image *i, size_t layer, struct oci_store *store,
	struct oci_layer *out, struct err *e) must_check;

/* How a layer beside one of that media type is packed, in the words of lib/pack.h. */
const char *commit_filter(const char *media_type);

struct commit_step {
	const char *created;
	const char *author, *comment; /* may be NULL */
};

/*
 * The image's config with the layer added to its diff IDs and history, and all else as it is,
 * what we do not know too. The caller owns it.
 */
int commit_config(const json_t *document, const struct image_config *parsed,
	const struct oci_layer *layer, const struct commit_step *step, json_t **out,
	struct err *e) must_check;
