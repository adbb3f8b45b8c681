/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI image-spec, image-layout.md, image-index.md and manifest.md:
 *
 *	oci-layout              {"imageLayoutVersion": "1.0.0"}
 *	index.json              descriptors of manifests, or of further indexes
 *	blobs/sha256/HEX        indexes, manifests, configs, layers
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/internal.h"
#include "lib/auto.h"
#include "lib/sha256.h"

enum { NESTING_MAX = 4, CANDIDATES_MAX = 4096 };

struct descriptor {
	const char *type, *digest;
	uint64_t size;
	const char *ref;                         /* what the index calls it, or NULL */
	const char *os, *architecture, *variant; /* NULL where the index does not say */
};

struct candidates {
	struct descriptor *items;
	size_t count, capacity;
};

static const char *annotation(const json_t *item, const char *name)
{
	return json_string_value(json_object_get(json_object_get(item, "annotations"), name));
}

static const char *keep(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, text) : NULL;
}

/* The index names an image by a tag, or, as containerd and docker do, by its whole name. */
static const char *ref_of(struct arena *a, const json_t *item, const char *parent)
{
	const char *whole = annotation(item, "io.containerd.image.name");
	const char *ref = annotation(item, "org.opencontainers.image.ref.name");

	return whole ? keep(a, whole) : ref ? keep(a, ref) : parent;
}

static int read_descriptor(struct arena *a, const json_t *item, const char *parent_ref,
	struct descriptor *d, struct err *e)
{
	const json_t *size = json_object_get(item, "size");
	const char *type = NULL, *digest = NULL;
	json_t *platform = NULL;
	int r;

	if (!json_is_object(item))
		return err_set(e, -EINVAL, "a descriptor is not an object");
	r = json_member_text(item, "mediaType", &type, e);
	if (r >= 0)
		r = json_member_text(item, "digest", &digest, e);
	if (r >= 0)
		r = json_member_object(item, "platform", &platform, e);
	if (r < 0)
		return r;
	if (!digest || !digest_valid(digest))
		return err_set(e, -EINVAL, "a descriptor has %s%s%s%s",
			digest ? "the bad" : "no", " digest", digest ? " " : "",
			digest ? digest : "");
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return err_set(e, -EINVAL, "the descriptor of %s has no size", digest);
	*d = (struct descriptor){
		.type = arena_strdup(a, type ? type : ""),
		.digest = arena_strdup(a, digest),
		.size = (uint64_t)json_integer_value(size),
		.ref = ref_of(a, item, parent_ref),
		.os = keep(a, json_string_value(json_object_get(platform, "os"))),
		.architecture = keep(
			a, json_string_value(json_object_get(platform, "architecture"))),
		.variant = keep(a, json_string_value(json_object_get(platform, "variant"))),
	};
	return 0;
}

static const char *blob_name(struct arena *a, const char *digest)
{
	return arena_printf(a, "blobs/sha256/%s", digest + strlen("sha256:"));
}

static bool is_index(const struct descriptor *d)
{
	return !strcmp(d->type, "application/vnd.oci.image.index.v1+json") ||
	       !strcmp(d->type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

static bool is_manifest(const struct descriptor *d)
{
	return !strcmp(d->type, "application/vnd.oci.image.manifest.v1+json") ||
	       !strcmp(d->type, "application/vnd.docker.distribution.manifest.v2+json");
}

/* What builders put beside an image about how it was made. */
static bool is_attestation(const json_t *item, const struct descriptor *d)
{
	return annotation(item, "vnd.docker.reference.type") ||
	       (d->os && !strcmp(d->os, "unknown"));
}

static int check_kind(const json_t *document, const char *has, const char *has_not,
	const struct descriptor *d, struct err *e)
{
	const char *type;
	int r = json_member_text(document, "mediaType", &type, e);

	if (r < 0)
		return r;
	if (!json_is_array(json_object_get(document, has)))
		return err_set(e, -EINVAL, "%s has no '%s'", d ? d->digest : "index.json", has);
	/* One that is both could be read as either (CVE-2021-41190). */
	if (json_object_get(document, has_not))
		return err_set(e, -EINVAL, "%s has '%s' and '%s'", d ? d->digest : "index.json",
			has, has_not);
	if (type && d && strcmp(type, d->type) != 0)
		return err_set(
			e, -EINVAL, "%s is of type %s, not %s", d->digest, type, d->type);
	return 0;
}

/* Collects the manifests of an index and of those that it holds. */
static int collect(struct image *i, const json_t *index, const struct descriptor *self,
	int nesting, struct candidates *c, struct err *e)
{
	const json_t *item;
	size_t n;
	int r = check_kind(index, "manifests", "layers", self, e);

	if (r < 0)
		return r;
	json_array_foreach(json_object_get(index, "manifests"), n, item)
	{
		auto_json json_t *inner = NULL;
		struct descriptor d;

		r = read_descriptor(&i->arena, item, self ? self->ref : NULL, &d, e);
		if (r < 0)
			return r;
		if (is_manifest(&d) && !is_attestation(item, &d)) {
			if (c->count == CANDIDATES_MAX)
				return err_set(e, -E2BIG, "the index lists too many images");
			c->items = xgrow(
				c->items, &c->capacity, c->count + 1, sizeof(*c->items));
			c->items[c->count++] = d;
		}
		if (!is_index(&d) || !source_has(&i->source, blob_name(&i->arena, d.digest)))
			continue;
		if (nesting == NESTING_MAX)
			return err_set(e, -EINVAL, "indexes nested deeper than %d", nesting);
		r = image_load_json(
			i, blob_name(&i->arena, d.digest), d.digest, d.size, &inner, e);
		if (r >= 0)
			r = collect(i, inner, &d, nesting + 1, c, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "redis" and "redis:7" ask for HOST/library/redis:7, and "7" for the tag alone. */
static bool ref_matches(const char *have, const char *want)
{
	size_t h = strlen(have), w = strlen(want);
	const char *tail = h >= w ? have + (h - w) : NULL;

	if (tail && !strcmp(tail, want) && (tail == have || tail[-1] == '/' || tail[-1] == ':'))
		return true;
	if (!strchr(want, ':')) {
		const char *colon = strrchr(have, ':');

		if (colon && (size_t)(colon - have) >= w && !strncmp(colon - w, want, w))
			return colon - w == have || colon[-(ptrdiff_t)w - 1] == '/';
	}
	/* An index by tags alone: name:tag is asked for by the tag. */
	return strchr(want, ':') && !strchr(have, ':') && !strcmp(strrchr(want, ':') + 1, have);
}

static bool fits(const struct descriptor *d, const struct platform *p)
{
	if (!d->os || !d->architecture)
		return true; /* what it is, its config will say */
	return !strcmp(d->os, p->os) && !strcmp(d->architecture, p->architecture) &&
	       (!*p->variant || (d->variant && !strcmp(d->variant, p->variant)));
}

static int none_fits(const struct image *i, const struct candidates *c,
	const struct platform *p, struct err *e)
{
	auto_buf struct buf list = { 0 };

	for (size_t n = 0; n < c->count && n < 16; n++) {
		const struct descriptor *d = &c->items[n];

		buf_printf(&list, "%s%s (%s/%s%s%s)", n ? ", " : "",
			d->ref ? d->ref : "unnamed", d->os ? d->os : "?",
			d->architecture ? d->architecture : "?", d->variant ? "/" : "",
			d->variant ? d->variant : "");
	}
	if (!list.size)
		return err_set(e, -ENOENT, "holds no image");
	return err_hint(e,
		err_set(e, -ENOENT, "holds no image %s%sfor %s/%s, but %s",
			i->options.ref ? i->options.ref : "", i->options.ref ? " " : "", p->os,
			p->architecture, list.bytes),
		"choose with --ref and --platform");
}

static int several_fit(const struct candidates *c, struct err *e)
{
	auto_buf struct buf list = { 0 };

	for (size_t n = 0; n < c->count && n < 16; n++)
		buf_printf(&list, "%s%s", n ? ", " : "",
			c->items[n].ref ? c->items[n].ref : c->items[n].digest);
	return err_hint(e, err_set(e, -EINVAL, "holds several images: %s", list.bytes),
		"choose one with --ref");
}

static bool same_image(const struct descriptor *a, const struct descriptor *b)
{
	/* Variants of one image for one processor: the first is the most general. */
	return !strcmp(a->digest, b->digest) ||
	       (a->ref && b->ref && !strcmp(a->ref, b->ref) && a->variant && b->variant);
}

static int choose(
	struct image *i, const struct candidates *c, struct descriptor *chosen, struct err *e)
{
	const struct descriptor *found = NULL;
	struct platform p;
	int r = platform_wanted(i, &p, e);

	if (r < 0)
		return r;
	for (size_t n = 0; n < c->count; n++) {
		const struct descriptor *d = &c->items[n];

		if (!fits(d, &p) ||
			(i->options.ref && (!d->ref || !ref_matches(d->ref, i->options.ref))))
			continue;
		if (found && !same_image(found, d))
			return several_fit(c, e);
		found = found ? found : d;
	}
	if (!found)
		return none_fits(i, c, &p, e);
	*chosen = *found;
	return 0;
}

static int check_layer_type(const char *type, struct err *e)
{
	static const char *const good[] = { "application/vnd.oci.image.layer.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar" };

	if (strstr(type, ".nondistributable.") || strstr(type, ".foreign."))
		return err_set(e, -ENOTSUP,
			"is not distributed with the image (%s); such layers are for Windows",
			type);
	if (strstr(type, "+encrypted"))
		return err_set(e, -ENOTSUP, "is encrypted (%s)", type);
	for (size_t n = 0; n < ARRAY_LEN(good); n++)
		if (!strncmp(type, good[n], strlen(good[n])))
			return 0;
	return err_set(e, -ENOTSUP, "is not a file system layer but '%s'", type);
}

static int set_layer(struct image *i, size_t k, const json_t *item, struct err *e)
{
	struct descriptor d;
	auto_blob struct blob blob = BLOB_NONE;
	int r = read_descriptor(&i->arena, item, NULL, &d, e);

	if (r >= 0)
		r = check_layer_type(d.type, e);
	if (r < 0)
		return r;
	i->parts[k].member = blob_name(&i->arena, d.digest);
	r = source_find(&i->source, i->parts[k].member, &blob, e);
	if (r < 0)
		return r;
	if (blob.size != d.size)
		return err_set(e, -EBADMSG, "%s has %" PRIu64 " bytes, not %" PRIu64, d.digest,
			blob.size, d.size);
	if (!digest_valid(i->config.diff_ids.items[k]))
		return err_set(e, -EINVAL, "bad diff ID '%s'", i->config.diff_ids.items[k]);
	i->layers[k] = (struct image_layer){
		.digest = d.digest,
		.diff_id = i->config.diff_ids.items[k],
		.media_type = d.type,
		.size = d.size,
	};
	return 0;
}

static int read_config(struct image *i, const json_t *manifest, struct err *e)
{
	struct descriptor d;
	int r = read_descriptor(&i->arena, json_object_get(manifest, "config"), NULL, &d, e);

	if (r < 0)
		return err_at(e, r, "config: ");
	if (strcmp(d.type, "application/vnd.oci.image.config.v1+json") != 0 &&
		strcmp(d.type, "application/vnd.docker.container.image.v1+json") != 0)
		return err_set(
			e, -ENOTSUP, "is not an image but an artifact of type '%s'", d.type);
	r = image_load_json(
		i, blob_name(&i->arena, d.digest), d.digest, d.size, &i->document, e);
	return r < 0 ? r : config_parse(i->document, &i->arena, &i->config, e);
}

/* They are passed on, and what is no text could not be. */
static int read_annotations(struct image *i, const json_t *manifest, struct err *e)
{
	json_t *notes = NULL, *note;
	const char *name;
	int r = json_member_object(manifest, "annotations", &notes, e);

	if (r < 0)
		return r;
	json_object_foreach(notes, name, note)
	{
		if (!json_is_string(note))
			return err_set(e, -EINVAL, "the annotation '%s' is not a string", name);
	}
	i->annotations = json_incref(notes);
	return 0;
}

static int read_manifest(struct image *i, const struct descriptor *d, struct err *e)
{
	auto_json json_t *manifest = NULL;
	const json_t *layers, *item;
	size_t k;
	int r = image_load_json(
		i, blob_name(&i->arena, d->digest), d->digest, d->size, &manifest, e);

	if (r >= 0)
		r = check_kind(manifest, "layers", "manifests", d, e);
	if (r >= 0)
		r = read_config(i, manifest, e);
	if (r >= 0)
		r = read_annotations(i, manifest, e);
	if (r < 0)
		return r;
	layers = json_object_get(manifest, "layers");
	if (json_array_size(layers) != i->config.diff_ids.count)
		return err_set(e, -EINVAL, "the config has %zu diff IDs for %zu layers",
			i->config.diff_ids.count, json_array_size(layers));
	image_set_layer_count(i, json_array_size(layers));
	json_array_foreach(layers, k, item)
	{
		r = set_layer(i, k, item, e);
		if (r < 0)
			return err_at(e, r, "layer %zu: ", k + 1);
	}
	return 0;
}

int oci_open(struct image *i, struct err *e)
{
	auto_json json_t *index = NULL;
	struct candidates c = { 0 };
	struct descriptor d = { 0 };
	int r = image_load_json(i, "index.json", NULL, 0, &index, e);

	if (r >= 0)
		r = collect(i, index, NULL, 1, &c, e);
	if (r >= 0)
		r = choose(i, &c, &d, e);
	free(c.items);
	if (r < 0)
		return r;
	i->name = d.ref;
	i->digest = d.digest;
	return read_manifest(i, &d, e);
}
