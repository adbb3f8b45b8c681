/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: blob → its digest → unpacked → its diff ID → entries, all in one read. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/internal.h"
#include "builder/image/layer.h"
#include "lib/ahead.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/sha256.h"
#include "lib/unpack.h"

enum { CHUNK = 256 * 1024, BLOCK = 512 };

/*
 * Three threads share the work on one layer: one reads and unpacks, one computes the digest of
 * what comes out, and the one that asked makes entries of it.
 */
enum { ENTRIES, HASH, TAKERS };

struct stream {
	struct image *image;
	size_t layer;
	const struct blob *blob;
	uint64_t taken; /* bytes of the blob */
	uint64_t given; /* unpacked */
	uint64_t zeros; /* at the end of what was given */
	struct unpack *unpack;
	struct ahead *unpacked;
	struct sha256 in, out;
	bool plain; /* what is unpacked is the blob: one hash says both */
	char *bytes;
};

/* The blob's next bytes, not yet in any hash. */
static int next_bytes(struct stream *s, void *to, size_t room, size_t *size, struct err *e)
{
	uint64_t left = s->blob->size - s->taken;
	size_t want = left < room ? (size_t)left : room;
	ssize_t n;

	if (atomic_load(&s->image->cancelled))
		return err_set(e, -ECANCELED, "cancelled");
	n = io_pread(s->blob->fd, to, want, (off_t)(s->blob->offset + s->taken));
	if (n < 0)
		return err_code(e, (int)n, "cannot read");
	if ((size_t)n < want)
		return err_set(e, -EIO, "has become shorter while it was read");
	s->taken += (uint64_t)n;
	atomic_store(&s->image->parts[s->layer].progress, s->taken);
	*size = (size_t)n;
	return 0;
}

static int next_packed(void *context, const void **bytes, size_t *size, struct err *e)
{
	struct stream *s = context;
	int r = next_bytes(s, s->bytes, CHUNK, size, e);

	if (r < 0)
		return r;
	sha256_put(&s->in, s->bytes, *size);
	*bytes = s->bytes;
	return 0;
}

static int check_limits(struct stream *s, size_t size, struct err *e)
{
	const struct limits *l = &s->image->options.limits;

	s->given += size;
	if (atomic_fetch_sub(&s->image->size_left, size) < size)
		return err_hint(e,
			err_set(e, -EFBIG, "the layers unpack to more than %" PRIu64 " bytes",
				l->size),
			"--max-size allows more");
	return limits_check(l, s->taken, s->given, e);
}

static void count_zeros(struct stream *s, const unsigned char *bytes, size_t size)
{
	size_t n = 0;

	while (n < size && !bytes[size - 1 - n])
		n++;
	s->zeros = n == size ? s->zeros + n : n;
}

static int fill(void *context, void *to, size_t room, size_t *size, struct err *e)
{
	struct stream *s = context;
	int r = s->plain ? next_bytes(s, to, room, size, e)
			 : unpack_read(s->unpack, to, room, size, e);

	return r < 0 ? r : check_limits(s, *size, e);
}

static void *hash(void *context)
{
	struct stream *s = context;
	const void *bytes;
	struct err ignored; /* the other taker gets it too */
	size_t size;

	while (ahead_next(s->unpacked, HASH, &bytes, &size, &ignored) == 0 && size)
		sha256_put(s->plain ? &s->in : &s->out, bytes, size);
	return NULL;
}

static int next_unpacked(void *context, const void **bytes, size_t *size, struct err *e)
{
	struct stream *s = context;
	int r = ahead_next(s->unpacked, ENTRIES, bytes, size, e);

	if (r >= 0 && *size)
		count_zeros(s, *bytes, *size);
	return r;
}

static int check_digest(const char *what, const char *want, const char *got, struct err *e)
{
	if (!want || !strcmp(want, got))
		return 0;
	return err_set(e, -EBADMSG, "%s is %s, but the bytes say %s", what, want, got);
}

/* Compares, when all of the blob is read, also what is behind the end of what it holds. */
static int check_digests(struct stream *s, struct err *e)
{
	struct image_layer *l = &s->image->layers[s->layer];
	char unpacked[DIGEST_SIZE];
	const void *bytes;
	size_t size;
	int r = 0;

	while (r >= 0 && s->taken < s->blob->size)
		r = next_packed(s, &bytes, &size, e);
	if (r < 0)
		return r;
	/* Where no digest says that it is whole, the end mark has to. */
	if (!l->digest && !l->diff_id && s->given && s->zeros < BLOCK)
		return err_set(e, -EINVAL, "has no end mark: it is cut off, or no tar archive");
	if (s->plain && l->digest && l->diff_id && strcmp(l->digest, l->diff_id) != 0)
		return err_set(e, -EBADMSG, "digest and diff ID differ, but it is not packed");
	sha256_digest(&s->in, l->read_digest);
	r = check_digest(s->plain && !l->digest ? "diff ID" : "digest",
		s->plain && !l->digest ? l->diff_id : l->digest, l->read_digest, e);
	if (r < 0 || s->plain)
		return r;
	sha256_digest(&s->out, unpacked);
	return check_digest("diff ID", l->diff_id, unpacked, e);
}

static int read_entries(struct stream *s, struct entry_list *out, struct err *e)
{
	struct layer_stream stream = {
		.next = next_unpacked,
		.context = s,
		.fd = s->plain ? s->blob->fd : -1,
		.base = s->plain ? s->blob->offset : 0,
		.spool = &s->image->spool,
		.size_limit = s->image->options.limits.size,
		.entries = &s->image->entries_left,
		.kept = &s->image->left_out,
	};
	int r = layer_read(&stream, out, e);
	const void *bytes;
	size_t size;

	/* What is behind the archive's end is part of the layer as well. */
	while (r >= 0 && (r = next_unpacked(s, &bytes, &size, e)) >= 0 && size)
		;
	return r;
}

static int run(struct stream *s, struct entry_list *out, struct err *e)
{
	pthread_t hasher;
	int r = ahead_start(fill, s, TAKERS, &s->unpacked, e);

	if (r < 0)
		return r;
	r = pthread_create(&hasher, NULL, hash, s);
	if (r != 0)
		return err_code(e, -r, "cannot start a thread");
	r = read_entries(s, out, e);
	if (r < 0)
		ahead_stop(s->unpacked);
	(void)pthread_join(hasher, NULL);
	ahead_stop(s->unpacked);
	return r < 0 ? r : check_digests(s, e);
}

static int unpack_begin(struct stream *s, struct err *e)
{
	int r = unpack_new(next_packed, s, &s->unpack, e);

	if (r < 0)
		return r;
	s->image->layers[s->layer].packed = unpack_format(s->unpack);
	s->plain = !strcmp(unpack_format(s->unpack), "none");
	if (!s->plain)
		return 0;
	/* Read again from its beginning, straight to where it is wanted. */
	s->taken = 0;
	sha256_release(&s->in);
	sha256_init(&s->in);
	return 0;
}

static int open_blob(struct image *i, size_t layer, struct err *e)
{
	struct blob *blob = &i->blobs[layer];
	const char *member = i->parts[layer].member;

	if (!member) {
		*blob = (struct blob){ i->source.archive, false, 0, i->source.size };
		return 0;
	}
	return source_find(&i->source, member, blob, e);
}

int image_read_layer(struct image *i, size_t layer, struct entry_list *out, struct err *e)
{
	auto_free char *bytes = xmalloc(CHUNK);
	struct stream s = { .image = i, .layer = layer, .bytes = bytes };
	int r;

	if (i->source.dir >= 0 && !i->parts[layer].member)
		return directory_read(i, out, e);
	r = open_blob(i, layer, e);
	if (r < 0)
		return r;
	s.blob = &i->blobs[layer];
	sha256_init(&s.in);
	sha256_init(&s.out);
	r = unpack_begin(&s, e);
	if (r >= 0)
		r = run(&s, out, e);
	i->layers[layer].unpacked = s.given;
	ahead_free(s.unpacked);
	sha256_release(&s.in);
	sha256_release(&s.out);
	unpack_free(s.unpack);
	return r;
}
