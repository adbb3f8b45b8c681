/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/verb/commit.h"

#include <stdio.h>
#include <string.h>

struct copying {
	struct oci_stream stream;
	unsigned char head[4]; /* of the blob */
	size_t head_size;
};

/* How blobs are packed, by their first bytes. */
static const struct {
	unsigned char magic[4];
	size_t size;
	const char *filter;
} packings[] = {
	{ { 0x1f, 0x8b }, 2, "gzip" },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, "zstd" },
	{ { 0 }, 0, NULL },
};

static int take(const void *bytes, size_t size, void *context, struct err *e)
{
	struct copying *c = context;
	int r;

	while (c->head_size < sizeof(c->head) && c->head_size < size) {
		c->head[c->head_size] = ((const unsigned char *)bytes)[c->head_size];
		c->head_size++;
	}
	r = oci_put(&c->stream, bytes, size);
	return r < 0 ? err_code(e, r, "cannot write") : 0;
}

/* A layer that an archive of docker save has no digest for is its diff ID's bytes. */
static int check(const struct image_layer *from, bool packed, const char *digest, struct err *e)
{
	const char *want = from->digest || packed ? from->digest : from->diff_id;

	if (!want || !strcmp(want, digest))
		return 0;
	return err_set(e, -EBADMSG, "digest is %s, but the bytes say %s", want, digest);
}

/* Docker's media types become OCI's, for the same bytes. */
static void describe(const struct image_layer *from, const char *filter, struct oci_layer *out)
{
	static const char oci[] = "application/vnd.oci.";
	bool is_oci = from->media_type && !strncmp(from->media_type, oci, strlen(oci));

	out->media_type = is_oci ? from->media_type : oci_layer_type(filter);
	(void)snprintf(out->diff_id, sizeof(out->diff_id), "%s", from->diff_id);
}

int commit_copy_layer(struct image *i, size_t layer, struct oci_store *store,
	struct oci_layer *out, struct err *e)
{
	const struct image_layer *from = image_layer(i, layer);
	struct copying c = { .head_size = 0 };
	size_t p = 0;
	int r = oci_begin(store, &c.stream, e);

	if (r < 0)
		return r;
	r = image_copy_layer(i, layer, take, &c, e);
	if (r >= 0)
		r = oci_end(&c.stream, &out->blob, e);
	oci_stream_release(&c.stream);
	if (r < 0)
		return r;
	while (memcmp(packings[p].magic, c.head, packings[p].size) != 0)
		p++;
	describe(from, packings[p].filter, out);
	return check(from, packings[p].filter, out->blob.digest, e);
}

const char *commit_filter(const char *media_type)
{
	for (size_t p = 0; media_type && p < ARRAY_LEN(packings); p++)
		if (!strcmp(oci_layer_type(packings[p].filter), media_type))
			return packings[p].filter;
	return "gzip";
}

static int set_text(json_t *to, const char *key, const char *text, struct err *e)
{
	if (!text || json_object_set_new(to, key, json_string(text)) == 0)
		return 0;
	return err_set(e, -EILSEQ, "an image's config is UTF-8, which '%s' is not", text);
}

/* The history is a list of steps for all layers, or it says nothing. */
static bool history_is_whole(const struct image_config *c)
{
	size_t steps = 0;

	for (size_t n = 0; n < c->history_count; n++)
		steps += !c->history[n].empty_layer;
	return steps == c->diff_ids.count;
}

static int add_step(json_t *config, const struct commit_step *step, struct err *e)
{
	json_t *history = json_object_get(config, "history"), *item = json_object();
	int r;

	if (!history) {
		history = json_array();
		(void)json_object_set_new(config, "history", history);
	}
	(void)json_array_append_new(history, item);
	r = set_text(item, "created", step->created, e);
	if (r >= 0)
		r = set_text(item, "created_by", "cbuild commit", e);
	if (r >= 0)
		r = set_text(item, "author", step->author, e);
	return r < 0 ? r : set_text(item, "comment", step->comment, e);
}

int commit_config(const json_t *document, const struct image_config *parsed,
	const struct oci_layer *layer, const struct commit_step *step, json_t **out,
	struct err *e)
{
	auto_json json_t *config = json_deep_copy(document);
	json_t *ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
	int r = set_text(config, "created", step->created, e);

	if (r >= 0)
		r = set_text(config, "author", step->author, e);
	if (r >= 0 && history_is_whole(parsed))
		r = add_step(config, step, e);
	if (r < 0)
		return r;
	if (json_array_append_new(ids, json_string(layer->diff_id)) < 0)
		return err_set(e, -EINVAL, "the config has no list of diff IDs");
	*out = json_incref(config);
	return 0;
}
