/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "builder/adjust.h"
#include "builder/image/image.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * The upper directory of an overlay mount as a layer: Linux, Documentation/filesystems/
 * overlayfs.rst, on one side, OCI image-spec, layer.md, on the other.
 *
 *	character device 0:0, or an empty file      .wh.NAME
 *	with the attribute overlay.whiteout
 *	overlay.opaque=y on a directory             .wh..wh..opq in it
 *	overlay.redirect, overlay.metacopy          refused: what they stand for is not here
 *	other overlay.* attributes                  left out
 *
 * Attributes are those of trusted.overlay and, of mounts with the option userxattr, of
 * user.overlay.
 */
struct upper {
	struct image *image; /* the contents of files lie in it */
	struct tree *tree;   /* the layer as it is to be packed, sorted */
	size_t names;        /* that it holds, but for markers */
	size_t whiteouts, opaques;
	bool blind; /* without the right to see trusted.overlay, and nothing of user.overlay */
};

/* `adjust` is made to the layer before it has markers. */
int upper_read(const char *path, const struct image_options *options,
	const struct adjust *adjust, struct upper *out, struct err *e) must_check;
void upper_release(struct upper *u);

/* What of it is left to do when u->tree is the upper directory as it lies there. */
int upper_convert(struct upper *u, struct err *e) must_check;

/* Says on standard error what the layer holds, and what may be missing. */
void upper_tell(const struct upper *u);
