/* SPDX-License-Identifier: Apache-2.0 */
/* Layers as they lie there, for those who pass them on. */
#include "builder/image/internal.h"
#include "lib/auto.h"
#include "lib/io.h"

enum { CHUNK = 256 * 1024 };

int image_copy_layer(
	struct image *i, size_t layer, image_sink *sink, void *context, struct err *e)
{
	auto_free char *bytes = xmalloc(CHUNK);
	auto_blob struct blob blob = BLOB_NONE;
	int r = source_find(&i->source, i->parts[layer].member, &blob, e);

	for (uint64_t at = 0; r >= 0 && at < blob.size;) {
		size_t want = blob.size - at < CHUNK ? (size_t)(blob.size - at) : CHUNK;
		ssize_t n = io_pread(blob.fd, bytes, want, (off_t)(blob.offset + at));

		if (n < 0)
			return err_code(e, (int)n, "cannot read");
		if ((size_t)n < want)
			return err_set(e, -EIO, "has become shorter while it was read");
		r = sink(bytes, want, context, e);
		at += want;
	}
	return r;
}

const json_t *image_document(const struct image *i)
{
	return i->document;
}
