/* SPDX-License-Identifier: Apache-2.0 */
/* Layers as they lie there, for those who pass them on. */
#include <stdlib.h>

#include "builder/image/internal.h"
#include "lib/io.h"

enum { CHUNK = 256 * 1024 };

struct image_blob {
	struct blob blob;
	uint64_t at; /* in the blob */
	char bytes[CHUNK];
};

int image_blob_open(struct image *i, size_t layer, struct image_blob **out, struct err *e)
{
	struct image_blob *b = xmalloc(sizeof(*b));
	int r = 0;

	b->blob = BLOB_NONE;
	b->at = 0;
	if (i->parts[layer].member)
		r = source_find(&i->source, i->parts[layer].member, &b->blob, e);
	else if (i->source.dir < 0)
		b->blob = (struct blob){ i->source.archive, false, 0, i->source.size };
	else
		r = err_set(e, -EISDIR, "is a directory, and no layer yet");
	if (r < 0) {
		free(b);
		return r;
	}
	*out = b;
	return 0;
}

int image_blob_next(void *blob, const void **bytes, size_t *size, struct err *e)
{
	struct image_blob *b = blob;
	uint64_t left = b->blob.size - b->at;
	size_t want = left < CHUNK ? (size_t)left : CHUNK;
	ssize_t n = io_pread(b->blob.fd, b->bytes, want, (off_t)(b->blob.offset + b->at));

	if (n < 0)
		return err_code(e, (int)n, "cannot read");
	if ((size_t)n < want)
		return err_set(e, -EIO, "has become shorter while it was read");
	b->at += want;
	*bytes = b->bytes;
	*size = want;
	return 0;
}

void image_blob_close(struct image_blob *b)
{
	if (!b)
		return;
	blob_release(&b->blob);
	free(b);
}

const json_t *image_document(const struct image *i)
{
	return i->document;
}

const json_t *image_annotations(const struct image *i)
{
	return i->annotations;
}

bool image_is_root(const struct image *i)
{
	return i->layer_count == 1 && !i->parts[0].member;
}
