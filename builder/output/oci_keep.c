/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of other images: their blobs, checked while they are copied, or packed anew. */
#include <stdio.h>
#include <string.h>

#include "builder/output/oci.h"
#include "lib/auto.h"
#include "lib/mem.h"
#include "lib/pack.h"

enum { CHUNK = 256 * 1024 };

struct keeping {
	const struct output_layer *from;
	const char *digest; /* of the blob, or NULL */
	const struct limits *limits;
	uint64_t taken, given; /* bytes of the blob, and of what it unpacks to */
	void *blob;
	struct oci_stream stream; /* to the store */
	struct pack *pack;        /* before it; NULL: the blob goes there as it is */
	struct sha256 packed;     /* of the blob that is packed anew */
	struct sha256 plain;      /* of what it unpacks to, where that is done */
};

/* How the blob is packed, in the words of lib/unpack.h. */
static int find_packing(const struct output_layer *from, const char **packing, struct err *e)
{
	struct unpack *u = NULL;
	void *blob = NULL;
	int r = from->blobs->begin(from->image, from->number, &blob, e);

	if (r < 0)
		return r;
	r = unpack_new(from->blobs->next, blob, &u, e);
	if (r >= 0)
		*packing = unpack_format(u);
	unpack_free(u);
	from->blobs->end(blob);
	return r;
}

/* The next bytes of the blob, which goes to the store as it is, or through its sum alone. */
static int pull(void *context, const void **bytes, size_t *size, struct err *e)
{
	struct keeping *k = context;
	int r = k->from->blobs->next(k->blob, bytes, size, e);

	if (r < 0)
		return r;
	k->taken += *size;
	if (k->pack)
		sha256_put(&k->packed, *bytes, *size);
	else
		r = oci_put(&k->stream, *bytes, *size);
	return r < 0 ? err_code(e, r, "cannot write") : 0;
}

static int pull_rest(struct keeping *k, struct err *e)
{
	const void *bytes;
	size_t size;
	int r;

	do
		r = pull(k, &bytes, &size, e);
	while (r >= 0 && size);
	return r;
}

static int check(const char *what, const char *want, const char *got, struct err *e)
{
	if (!want || !strcmp(want, got))
		return 0;
	return err_set(e, -EBADMSG, "%s is %s, but the bytes say %s", what, want, got);
}

static int unpack_all(struct keeping *k, struct err *e)
{
	auto_free char *bytes = xmalloc(CHUNK);
	char plain[DIGEST_SIZE];
	struct unpack *u = NULL;
	size_t size = 0;
	int r = unpack_new(pull, k, &u, e);

	if (r < 0)
		return r;
	do {
		r = unpack_read(u, bytes, CHUNK, &size, e);
		if (r < 0)
			break;
		k->given += size;
		r = limits_check(k->limits, k->taken, k->given, e);
		if (r < 0)
			break;
		sha256_put(&k->plain, bytes, size);
		r = k->pack ? pack_put(k->pack, bytes, size) : 0;
		if (r < 0)
			(void)err_code(e, r, "cannot write");
	} while (r >= 0 && size);
	unpack_free(u);
	if (r >= 0)
		r = pull_rest(k, e);
	if (r < 0)
		return r;
	sha256_digest(&k->plain, plain);
	return check("diff ID", k->from->diff_id, plain, e);
}

/* A blob that is kept and has a digest is not unpacked for that. */
static int pass(struct keeping *k, struct oci_blob *out, struct err *e)
{
	int r = k->digest && !k->pack ? pull_rest(k, e) : unpack_all(k, e);

	if (r < 0)
		return r;
	r = k->pack ? pack_end(k->pack) : 0;
	if (r < 0)
		return err_code(e, r, "cannot write");
	return oci_end(&k->stream, out, e);
}

/* Of the blob as it was read; one that is kept has its sum as its name. */
static int check_blob(struct keeping *k, const struct oci_blob *kept, struct err *e)
{
	char packed[DIGEST_SIZE];

	sha256_digest(&k->packed, packed);
	return check("digest", k->digest, k->pack ? packed : kept->digest, e);
}

static int to_store(const void *bytes, size_t size, void *context)
{
	return oci_put(context, bytes, size);
}

static int keep(struct keeping *k, struct oci_store *s, const struct oci_packing *p,
	struct oci_blob *out, struct err *e)
{
	int r = oci_begin(s, &k->stream, e);

	if (r < 0)
		return r;
	if (p)
		r = pack_new(p->filter, p->level, to_store, &k->stream, &k->pack, e);
	if (r >= 0)
		r = pass(k, out, e);
	if (r >= 0)
		r = check_blob(k, out, e);
	pack_free(k->pack);
	oci_stream_release(&k->stream);
	return r;
}

int oci_keep_layer(struct oci_store *s, const struct output_layer *from,
	const struct oci_keeping *how, struct oci_layer *out, struct err *e)
{
	struct keeping k = { .from = from, .limits = &how->limits };
	const char *packing = NULL, *filter;
	int r = find_packing(from, &packing, e);
	bool held;

	if (r >= 0)
		r = from->blobs->begin(from->image, from->number, &k.blob, e);
	if (r < 0)
		return r;
	held = oci_filter(packing, &filter) && (how->zstd || strcmp(packing, "zstd") != 0);
	/* A blob that is not packed is what its diff ID is of. */
	k.digest = from->digest || strcmp(packing, "none") != 0 ? from->digest : from->diff_id;
	sha256_init(&k.packed);
	sha256_init(&k.plain);
	r = keep(&k, s, held ? NULL : &how->otherwise, &out->blob, e);
	sha256_release(&k.packed);
	sha256_release(&k.plain);
	from->blobs->end(k.blob);
	if (r < 0)
		return r;
	out->filter = held ? filter : how->otherwise.filter;
	(void)snprintf(out->diff_id, sizeof(out->diff_id), "%s", from->diff_id);
	return 0;
}
