/* SPDX-License-Identifier: Apache-2.0 */
/* OCI image-spec, layer.md: the tar goes through two sums, before and after it is packed. */
#include <string.h>

#include "builder/output/oci.h"
#include "lib/pack.h"

struct layering {
	struct sha256 plain;
	struct pack *pack;
	struct oci_stream stream;
};

static int to_blob(const void *bytes, size_t size, void *context)
{
	struct layering *l = context;

	return oci_put(&l->stream, bytes, size);
}

static int to_pack(const void *bytes, size_t size, void *context)
{
	struct layering *l = context;

	sha256_put(&l->plain, bytes, size);
	return pack_put(l->pack, bytes, size);
}

static int write_layer(
	struct layering *l, const struct output *o, struct oci_layer *out, struct err *e)
{
	struct output tar = *o;
	int r = output_find("tar", "", &tar.format, e);

	if (r == 0)
		r = output_tar_to(&tar, to_pack, l, e);
	if (r < 0)
		return r;
	r = pack_end(l->pack);
	if (r < 0)
		return err_code(e, r, "cannot write the layer");
	sha256_digest(&l->plain, out->diff_id);
	return oci_end(&l->stream, &out->blob, e);
}

static const struct {
	const char *name, *filter, *media_type;
} packings[] = {
	{ "none", NULL, "application/vnd.oci.image.layer.v1.tar" },
	{ "gzip", "gzip", "application/vnd.oci.image.layer.v1.tar+gzip" },
	{ "zstd", "zstd", "application/vnd.oci.image.layer.v1.tar+zstd" },
};

bool oci_filter(const char *name, const char **filter)
{
	for (size_t i = 0; i < ARRAY_LEN(packings); i++)
		if (!strcmp(packings[i].name, name)) {
			*filter = packings[i].filter;
			return true;
		}
	return false;
}

const char *oci_layer_type(const char *filter)
{
	size_t i = 0;

	while (strcmp(packings[i].name, filter ? filter : "none") != 0)
		i++;
	return packings[i].media_type;
}

int oci_put_layer(struct oci_store *s, const struct output *o, const struct oci_packing *p,
	struct oci_layer *out, struct err *e)
{
	struct layering l = { .pack = NULL };
	int r = oci_begin(s, &l.stream, e);

	if (r < 0)
		return r;
	sha256_init(&l.plain);
	r = pack_new(p->filter, p->level, to_blob, &l, &l.pack, e);
	if (r == 0) {
		out->filter = p->filter;
		r = write_layer(&l, o, out, e);
		pack_free(l.pack);
	}
	sha256_release(&l.plain);
	oci_stream_release(&l.stream);
	return r;
}
