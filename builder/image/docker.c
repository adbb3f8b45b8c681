/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive of `docker save`, as docker since 1.10, podman, skopeo and others write it:
 *
 *	manifest.json        [{"Config": NAME, "RepoTags": ["name:tag"], "Layers": [NAME, …]}]
 *	HEX.json             the config; HEX is its SHA-256
 *	HEX/layer.tar        a layer, or a symbolic link to an equal one
 *
 * Since docker 25 the same names are those of an OCI layout (blobs/sha256/HEX).
 */
#include <string.h>

#include "builder/image/internal.h"
#include "lib/auto.h"
#include "lib/sha256.h"

static bool is_named(const json_t *item, const char *ref)
{
	json_t *tags = json_object_get(item, "RepoTags"), *tag;
	size_t i;

	json_array_foreach(tags, i, tag)
	{
		const char *name = json_string_value(tag);
		size_t length = strlen(ref);

		if (name && (!strcmp(name, ref) ||
				    (!strncmp(name, ref, length) && name[length] == ':' &&
					    !strcmp(name + length, ":latest"))))
			return true;
	}
	return false;
}

static const char *first_tag(const json_t *item)
{
	const char *tag = json_string_value(
		json_array_get(json_object_get(item, "RepoTags"), 0));

	return tag ? tag : "(no name)";
}

static int list_images(const json_t *manifest, const char *what, struct err *e)
{
	auto_buf struct buf names = { 0 };
	const json_t *item;
	size_t i;

	json_array_foreach(manifest, i, item)
	{
		buf_printf(&names, "%s%s", i ? ", " : "", first_tag(item));
	}
	return err_hint(e, err_set(e, -EINVAL, "%s: %s", what, names.size ? names.bytes : ""),
		"choose one with --ref");
}

static int choose(struct image *i, const json_t *manifest, const json_t **chosen, struct err *e)
{
	const json_t *item;
	size_t n;

	if (!json_is_array(manifest) || !json_array_size(manifest))
		return err_set(e, -EINVAL, "manifest.json lists no image");
	if (!i->options.ref && json_array_size(manifest) > 1)
		return list_images(manifest, "holds several images", e);
	json_array_foreach(manifest, n, item)
	{
		if (!i->options.ref || is_named(item, i->options.ref)) {
			*chosen = item;
			return json_is_object(item)
				       ? 0
				       : err_set(e, -EINVAL, "manifest.json is malformed");
		}
	}
	return list_images(manifest, "holds no image of that name, but", e);
}

/* HEX.json, sha256:HEX and blobs/sha256/HEX are named for their digest; others are not. */
static const char *digest_of_name(struct arena *a, const char *name)
{
	const char *slash = strrchr(name, '/'), *hex = slash ? slash + 1 : name;
	size_t length;

	if (!strncmp(hex, "sha256:", 7))
		hex += 7;
	length = strspn(hex, "0123456789abcdef");
	if (length != SHA256_HEX || (hex[length] && strcmp(hex + length, ".json") != 0))
		return NULL;
	return arena_printf(a, "sha256:%.64s", hex);
}

static int set_layers(struct image *i, json_t *names, struct err *e)
{
	const struct config_list *ids = &i->config.diff_ids;
	size_t n = json_array_size(names);

	if (ids->count != n)
		return err_set(e, -EINVAL, "the config has %zu diff IDs for %zu layers",
			ids->count, n);
	image_set_layer_count(i, n);
	for (size_t k = 0; k < n; k++) {
		const char *name = json_string_value(json_array_get(names, k));
		auto_blob struct blob blob = BLOB_NONE;
		int r = source_find(&i->source, name, &blob, e);

		if (r < 0)
			return err_at(e, r, "layer %zu: ", k + 1);
		if (!digest_valid(ids->items[k]))
			return err_set(e, -EINVAL, "layer %zu: bad diff ID '%s'", k + 1,
				ids->items[k]);
		i->parts[k].member = arena_strdup(&i->arena, name);
		i->layers[k].diff_id = ids->items[k];
		i->layers[k].size = blob.size;
		if (!strncmp(name, "blobs/sha256/", 13))
			i->layers[k].digest = digest_of_name(&i->arena, name);
	}
	return 0;
}

int docker_open(struct image *i, struct err *e)
{
	auto_json json_t *manifest = NULL;
	const json_t *item = NULL;
	const char *config_name = NULL;
	json_t *layers = NULL;
	int r = image_load_json(i, "manifest.json", NULL, 0, &manifest, e);

	if (r >= 0)
		r = choose(i, manifest, &item, e);
	if (r >= 0)
		r = json_member_text(item, "Config", &config_name, e);
	if (r >= 0)
		r = json_member_texts(item, "Layers", &layers, e);
	if (r < 0)
		return r;
	if (!config_name)
		return err_set(e, -EINVAL, "manifest.json names no config");
	i->digest = digest_of_name(&i->arena, config_name);
	r = image_load_json(i, config_name, i->digest, 0, &i->document, e);
	if (r >= 0)
		r = config_parse(i->document, &i->arena, &i->config, e);
	if (r < 0)
		return r;
	if (json_array_size(json_object_get(item, "RepoTags")))
		i->name = arena_strdup(&i->arena, first_tag(item));
	return set_layers(i, layers, e);
}
