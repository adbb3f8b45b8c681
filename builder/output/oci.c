/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes layers and a config an image: a layout in a folder or in an archive.
 *
 *	oci-layout, index.json     OCI image-spec, image-layout.md, image-index.md
 *	manifest.json              the same once more, as `docker load` wants it
 *	blobs/sha256/HEX           manifest, config, layers
 */
#include "builder/output/oci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/auto.h"
#include "lib/json.h"
#include "lib/mem.h"

#define CONFIG_TYPE   "application/vnd.oci.image.config.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

/* An image whose layers are in the store. */
struct writing {
	const struct output *o;
	struct oci_store store;
	bool for_docker;
	struct oci_layer *layers;
	size_t layer_count;
	struct oci_blob config, manifest;
};

static json_t *array_of(json_t *item)
{
	json_t *array = json_array();

	(void)json_array_append_new(array, item);
	return array;
}

static json_t *manifest_of(const struct writing *w)
{
	json_t *m = json_object(), *layers = json_array();
	const json_t *notes = w->o->image ? w->o->image->annotations : NULL;

	for (size_t n = 0; n < w->layer_count; n++)
		(void)json_array_append_new(
			layers, oci_descriptor(oci_layer_type(w->layers[n].filter),
					&w->layers[n].blob));
	(void)json_object_set_new(m, "schemaVersion", json_integer(2));
	(void)json_object_set_new(m, "mediaType", json_string(MANIFEST_TYPE));
	(void)json_object_set_new(m, "config", oci_descriptor(CONFIG_TYPE, &w->config));
	(void)json_object_set_new(m, "layers", layers);
	if (json_object_size(notes))
		(void)json_object_set_new(m, "annotations", json_deep_copy(notes));
	return m;
}

/* A config may be without them; then the index says nothing of it. */
static json_t *platform_of(const json_t *config)
{
	static const char *const keys[] = { "architecture", "os", "os.version", "os.features",
		"variant" };
	json_t *p = json_object();

	for (size_t n = 0; n < ARRAY_LEN(keys); n++) {
		json_t *value = json_object_get(config, keys[n]);

		if (value)
			(void)json_object_set(p, keys[n], value);
	}
	if (json_object_get(p, "architecture") && json_object_get(p, "os"))
		return p;
	json_decref(p);
	return NULL;
}

/* The tag by OCI's word for it; the whole name as containerd, docker and podman look for it. */
static json_t *index_of(const struct writing *w, const struct oci_name *n, const json_t *config)
{
	json_t *index = json_object(), *d = oci_descriptor(MANIFEST_TYPE, &w->manifest);
	json_t *notes = json_object(), *platform = platform_of(config);

	(void)json_object_set_new(
		notes, "org.opencontainers.image.ref.name", json_string(n->tag));
	if (n->name)
		(void)json_object_set_new(
			notes, "io.containerd.image.name", json_string(n->name));
	if (platform)
		(void)json_object_set_new(d, "platform", platform);
	(void)json_object_set_new(d, "annotations", notes);
	(void)json_object_set_new(index, "schemaVersion", json_integer(2));
	(void)json_object_set_new(
		index, "mediaType", json_string("application/vnd.oci.image.index.v1+json"));
	(void)json_object_set_new(index, "manifests", array_of(d));
	return index;
}

static json_t *path_of(const struct oci_blob *b)
{
	char path[DIGEST_SIZE + 16];

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", b->digest + strlen("sha256:"));
	return json_string(path);
}

/* What docker save has beside it: moby's image/spec, v1.2.md. */
static json_t *docker_manifest_of(const struct writing *w, const struct oci_name *n)
{
	json_t *m = json_object(), *layers = json_array();

	for (size_t l = 0; l < w->layer_count; l++)
		(void)json_array_append_new(layers, path_of(&w->layers[l].blob));
	(void)json_object_set_new(m, "Config", path_of(&w->config));
	(void)json_object_set_new(
		m, "RepoTags", n->name ? array_of(json_string(n->name)) : json_null());
	(void)json_object_set_new(m, "Layers", layers);
	return array_of(m);
}

static int put_documents(struct writing *w, const json_t *config, struct err *e)
{
	auto_json json_t *manifest = NULL;
	int r = oci_put_json(&w->store, config, &w->config, e);

	if (r < 0)
		return r;
	manifest = manifest_of(w);
	return oci_put_json(&w->store, manifest, &w->manifest, e);
}

static int put_files(struct writing *w, const json_t *config, struct err *e)
{
	auto_json json_t *layout = json_object(), *index = NULL, *docker = NULL;
	struct oci_name name;
	int r;

	oci_name_parse(w->o->name ? w->o->name : "latest", &name);
	(void)json_object_set_new(layout, "imageLayoutVersion", json_string("1.0.0"));
	index = index_of(w, &name, config);
	docker = docker_manifest_of(w, &name);
	oci_name_release(&name);
	r = oci_put_file(&w->store, "oci-layout", layout, e);
	if (r == 0)
		r = oci_put_file(&w->store, "index.json", index, e);
	return r == 0 && w->store.dir < 0 ? oci_put_file(&w->store, "manifest.json", docker, e)
					  : r;
}

static int write_archive(const struct oci_store *s, int fd, struct err *e)
{
	struct output archive = { .tree = s->tree };
	int r = output_find("tar", "", &archive.format, e);

	tree_sort(s->tree);
	return r == 0 ? output_tar(&archive, fd, e) : r;
}

static int finish(struct writing *w, int fd, struct err *e)
{
	if (w->store.dir < 0)
		return write_archive(&w->store, fd, e);
	return fchmod(fd, 0755) < 0 ? err_sys(e, "cannot set the mode of the layout") : 0;
}

void oci_layers_of(const struct output *o, struct oci_layers *out)
{
	const struct output_image *i = o->image;

	*out = (struct oci_layers){ .whole = { .tree = o->tree,
					    .created_by = "cbuild",
					    .comment = "all layers as one" } };
	out->items = i && i->layer_count ? i->layers : &out->whole;
	out->count = i && i->layer_count ? i->layer_count : 1;
}

/* A layer that is made is packed as it was asked for, else as the one below it is. */
static struct oci_packing packing_of(const struct writing *w)
{
	const struct output_image *i = w->o->image;
	struct oci_packing p = { w->o->format->filter, i ? i->level : 0 };

	if (i && i->compression)
		(void)oci_filter(i->compression, &p.filter);
	else if (w->layer_count)
		p.filter = w->layers[w->layer_count - 1].filter;
	return p;
}

/* Docker's engine loads layers with zstd since its version 23, and not before. */
static int keep_layer(struct writing *w, const struct output_layer *l,
	const struct oci_packing *made, struct oci_layer *out, struct err *e)
{
	const char *asked = w->o->image->compression;
	struct oci_keeping how = { .otherwise = { "gzip", 0 }, .limits = w->o->image->limits };

	if (asked)
		how.otherwise = *made;
	how.zstd = !w->for_docker || (asked && !strcmp(asked, "zstd"));
	return oci_keep_layer(&w->store, l, &how, out, e);
}

static int put_layer(struct writing *w, const struct output_layer *l, struct err *e)
{
	const struct oci_packing p = packing_of(w);
	struct oci_layer *out = &w->layers[w->layer_count];
	struct output o = *w->o;
	int r;

	o.tree = l->tree;
	if (l->tree)
		r = oci_put_layer(&w->store, &o, &p, out, e);
	else
		r = keep_layer(w, l, &p, out, e);
	if (r < 0)
		return err_at(e, r, "layer %zu: ", w->layer_count + 1);
	w->layer_count++;
	return 0;
}

static int put_layers(struct writing *w, struct err *e)
{
	struct oci_layers layers;
	int r = 0;

	oci_layers_of(w->o, &layers);
	w->layers = xcalloc(layers.count, sizeof(*w->layers));
	for (size_t n = 0; r == 0 && n < layers.count; n++)
		r = put_layer(w, &layers.items[n], e);
	return r;
}

static int write_image(const struct output *o, int dir, bool for_docker, int fd, struct err *e)
{
	struct writing w = { .o = o, .for_docker = for_docker };
	auto_json json_t *config = NULL;
	int r = oci_store_init(&w.store, dir, e);

	if (r == 0)
		r = put_layers(&w, e);
	if (r == 0)
		r = oci_config(o, w.layers, &config, e);
	if (r == 0)
		r = put_documents(&w, config, e);
	if (r == 0)
		r = put_files(&w, config, e);
	if (r == 0)
		r = finish(&w, fd, e);
	oci_store_release(&w.store);
	free(w.layers);
	return r;
}

int output_oci(const struct output *o, int fd, struct err *e)
{
	return write_image(o, fd, false, fd, e);
}

int output_oci_archive(const struct output *o, int fd, struct err *e)
{
	return write_image(o, -1, false, fd, e);
}

int output_docker(const struct output *o, int fd, struct err *e)
{
	return write_image(o, -1, true, fd, e);
}
