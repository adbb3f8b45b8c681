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
#include <string.h>
#include <sys/stat.h>

#include "lib/auto.h"
#include "lib/json.h"

#define CONFIG_TYPE   "application/vnd.oci.image.config.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

/* Where the documents have come to lie. */
struct documents {
	struct oci_blob config, manifest;
};

static json_t *array_of(json_t *item)
{
	json_t *array = json_array();

	(void)json_array_append_new(array, item);
	return array;
}

static json_t *manifest_of(const struct oci_image *i, const struct documents *d)
{
	json_t *m = json_object(), *layers = json_array();

	for (size_t n = 0; n < i->layer_count; n++)
		(void)json_array_append_new(
			layers, oci_descriptor(i->layers[n].media_type, &i->layers[n].blob));
	(void)json_object_set_new(m, "schemaVersion", json_integer(2));
	(void)json_object_set_new(m, "mediaType", json_string(MANIFEST_TYPE));
	(void)json_object_set_new(m, "config", oci_descriptor(CONFIG_TYPE, &d->config));
	(void)json_object_set_new(m, "layers", layers);
	return m;
}

/* A config may be without them; then the index says nothing of it. */
static json_t *platform_of(const struct image_config *c)
{
	json_t *p = json_object();

	if (!c->architecture || !c->os) {
		json_decref(p);
		return NULL;
	}
	(void)json_object_set_new(p, "architecture", json_string(c->architecture));
	(void)json_object_set_new(p, "os", json_string(c->os));
	if (c->variant)
		(void)json_object_set_new(p, "variant", json_string(c->variant));
	return p;
}

/* The tag by OCI's word for it; the whole name as containerd, docker and podman look for it. */
static json_t *index_of(
	const struct oci_image *i, const struct documents *to, const struct oci_name *n)
{
	json_t *index = json_object(), *d = oci_descriptor(MANIFEST_TYPE, &to->manifest);
	json_t *notes = json_object(), *platform = platform_of(i->about);

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
static json_t *docker_manifest_of(
	const struct oci_image *i, const struct documents *d, const struct oci_name *n)
{
	json_t *m = json_object(), *layers = json_array();

	for (size_t l = 0; l < i->layer_count; l++)
		(void)json_array_append_new(layers, path_of(&i->layers[l].blob));
	(void)json_object_set_new(m, "Config", path_of(&d->config));
	(void)json_object_set_new(
		m, "RepoTags", n->name ? array_of(json_string(n->name)) : json_null());
	(void)json_object_set_new(m, "Layers", layers);
	return array_of(m);
}

static int put_blobs(
	struct oci_store *s, const struct oci_image *i, struct documents *d, struct err *e)
{
	auto_json json_t *manifest = NULL;
	int r = oci_put_json(s, i->config, &d->config, e);

	if (r < 0)
		return r;
	manifest = manifest_of(i, d);
	return oci_put_json(s, manifest, &d->manifest, e);
}

static int put_files(struct oci_store *s, const struct oci_image *i, const struct documents *d,
	struct err *e)
{
	auto_json json_t *layout = json_object(), *index = NULL, *docker = NULL;
	struct oci_name name;
	int r;

	oci_name_parse(i->name ? i->name : "latest", &name);
	(void)json_object_set_new(layout, "imageLayoutVersion", json_string("1.0.0"));
	index = index_of(i, d, &name);
	docker = docker_manifest_of(i, d, &name);
	oci_name_release(&name);
	r = oci_put_file(s, "oci-layout", layout, e);
	if (r == 0)
		r = oci_put_file(s, "index.json", index, e);
	return r == 0 && s->dir < 0 ? oci_put_file(s, "manifest.json", docker, e) : r;
}

static int write_archive(const struct oci_store *s, int fd, struct err *e)
{
	struct output archive = { .tree = s->tree };
	int r = output_find("tar", "", &archive.format, e);

	tree_sort(s->tree);
	return r == 0 ? output_tar(&archive, fd, e) : r;
}

int oci_finish(struct oci_store *s, const struct oci_image *i, int fd, struct err *e)
{
	struct documents d;
	int r = put_blobs(s, i, &d, e);

	if (r == 0)
		r = put_files(s, i, &d, e);
	if (r == 0 && s->dir < 0)
		return write_archive(s, fd, e);
	return r == 0 && fchmod(fd, 0755) < 0 ? err_sys(e, "cannot set the mode of the layout")
					      : r;
}

/* The tree as an image of one layer. */
static int write_image(const struct output *o, int dir, int fd, struct err *e)
{
	auto_json json_t *config = NULL;
	struct oci_store store;
	struct oci_layer layer;
	int r = oci_store_init(&store, dir, e);

	if (r == 0)
		r = oci_put_layer(&store, o, o->format->filter, &layer, e);
	if (r == 0)
		r = oci_config(o, &layer, &config, e);
	if (r == 0) {
		const struct oci_image image = { &layer, 1, config, o->config, o->name };

		r = oci_finish(&store, &image, fd, e);
	}
	oci_store_release(&store);
	return r;
}

int output_oci(const struct output *o, int fd, struct err *e)
{
	return write_image(o, fd, fd, e);
}

int output_oci_archive(const struct output *o, int fd, struct err *e)
{
	return write_image(o, -1, fd, e);
}
