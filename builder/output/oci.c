/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree as an image of one layer: a layout in a folder or in an archive.
 *
 *	oci-layout, index.json     OCI image-spec, image-layout.md, image-index.md
 *	manifest.json              the same once more, as `docker load` wants it
 *	blobs/sha256/HEX           manifest, config, layer
 */
#include "builder/output/oci.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/auto.h"
#include "lib/json.h"

#define CONFIG_TYPE   "application/vnd.oci.image.config.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

struct image_out {
	struct oci_store store;
	struct oci_layer layer;
	struct oci_blob config, manifest;
};

static json_t *array_of(json_t *item)
{
	json_t *array = json_array();

	(void)json_array_append_new(array, item);
	return array;
}

static json_t *manifest_of(const struct image_out *i)
{
	json_t *m = json_object();

	(void)json_object_set_new(m, "schemaVersion", json_integer(2));
	(void)json_object_set_new(m, "mediaType", json_string(MANIFEST_TYPE));
	(void)json_object_set_new(m, "config", oci_descriptor(CONFIG_TYPE, &i->config));
	(void)json_object_set_new(
		m, "layers", array_of(oci_descriptor(i->layer.media_type, &i->layer.blob)));
	return m;
}

static json_t *platform_of(const struct image_config *c)
{
	json_t *p = json_object();

	(void)json_object_set_new(p, "architecture", json_string(c->architecture));
	(void)json_object_set_new(p, "os", json_string(c->os));
	if (c->variant)
		(void)json_object_set_new(p, "variant", json_string(c->variant));
	return p;
}

/* The tag by OCI's word for it; the whole name as containerd, docker and podman look for it. */
static json_t *index_of(
	const struct image_out *i, const struct image_config *c, const struct oci_name *n)
{
	json_t *index = json_object(), *d = oci_descriptor(MANIFEST_TYPE, &i->manifest);
	json_t *notes = json_object();

	(void)json_object_set_new(
		notes, "org.opencontainers.image.ref.name", json_string(n->tag));
	if (n->name)
		(void)json_object_set_new(
			notes, "io.containerd.image.name", json_string(n->name));
	(void)json_object_set_new(d, "platform", platform_of(c));
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
static json_t *docker_manifest_of(const struct image_out *i, const struct oci_name *n)
{
	json_t *m = json_object();

	(void)json_object_set_new(m, "Config", path_of(&i->config));
	(void)json_object_set_new(
		m, "RepoTags", n->name ? array_of(json_string(n->name)) : json_null());
	(void)json_object_set_new(m, "Layers", array_of(path_of(&i->layer.blob)));
	return array_of(m);
}

static int put_blobs(struct image_out *i, const struct output *o, struct err *e)
{
	auto_json json_t *config = NULL, *manifest = NULL;
	int r = oci_put_layer(&i->store, o, o->format->filter, &i->layer, e);

	if (r == 0)
		r = oci_config(o, &i->layer, &config, e);
	if (r == 0)
		r = oci_put_json(&i->store, config, &i->config, e);
	if (r < 0)
		return r;
	manifest = manifest_of(i);
	return oci_put_json(&i->store, manifest, &i->manifest, e);
}

static int put_files(struct image_out *i, const struct output *o, struct err *e)
{
	auto_json json_t *layout = json_object(), *index = NULL, *docker = NULL;
	struct oci_name name;
	int r;

	oci_name_parse(o->name ? o->name : "latest", &name);
	(void)json_object_set_new(layout, "imageLayoutVersion", json_string("1.0.0"));
	index = index_of(i, o->config, &name);
	docker = docker_manifest_of(i, &name);
	oci_name_release(&name);
	r = oci_put_file(&i->store, "oci-layout", layout, e);
	if (r == 0)
		r = oci_put_file(&i->store, "index.json", index, e);
	return r == 0 && i->store.dir < 0 ? oci_put_file(&i->store, "manifest.json", docker, e)
					  : r;
}

static int put_image(struct image_out *i, const struct output *o, struct err *e)
{
	int r = put_blobs(i, o, e);

	return r == 0 ? put_files(i, o, e) : r;
}

int output_oci(const struct output *o, int fd, struct err *e)
{
	struct image_out i;
	int r = oci_store_init(&i.store, fd, e);

	if (r == 0)
		r = put_image(&i, o, e);
	oci_store_release(&i.store);
	if (r == 0 && fchmod(fd, 0755) < 0)
		r = err_sys(e, "cannot set the mode of the layout");
	return r;
}

int output_oci_archive(const struct output *o, int fd, struct err *e)
{
	struct output archive = *o;
	struct image_out i;
	int r = oci_store_init(&i.store, -1, e);

	if (r == 0)
		r = put_image(&i, o, e);
	if (r == 0)
		r = output_find("tar", "", &archive.format, e);
	if (r == 0) {
		archive.tree = i.store.tree;
		tree_sort(archive.tree);
		r = output_tar(&archive, fd, e);
	}
	oci_store_release(&i.store);
	return r;
}
