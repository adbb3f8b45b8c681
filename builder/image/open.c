/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "builder/image/internal.h"
#include "lib/auto.h"
#include "lib/io.h"

void image_set_layer_count(struct image *i, size_t count)
{
	i->layer_count = count;
	i->layers = arena_alloc(&i->arena, count * sizeof(*i->layers));
	i->parts = arena_alloc(&i->arena, count * sizeof(*i->parts));
	i->blobs = arena_alloc(&i->arena, count * sizeof(*i->blobs));
	for (size_t k = 0; k < count; k++)
		i->blobs[k] = BLOB_NONE;
}

int image_load_json(struct image *i, const char *member, const char *digest, uint64_t size,
	json_t **out, struct err *e)
{
	auto_blob struct blob blob = BLOB_NONE;
	auto_buf struct buf text = { 0 };
	int r = source_find(&i->source, member, &blob, e);

	if (r < 0)
		return r;
	if (size && blob.size != size)
		return err_set(e, -EBADMSG, "'%s' has %" PRIu64 " bytes, not %" PRIu64, member,
			blob.size, size);
	r = blob_load(&blob, member, digest, &text, e);
	return r < 0 ? r : json_read(text.bytes, text.size, member, out, e);
}

/* uname(2)'s words for processors, and those of images (which are Go's). */
static const struct {
	const char *machine, *architecture, *variant;
} machines[] = {
	{ "x86_64", "amd64", "" },
	{ "aarch64", "arm64", "" },
	{ "armv7l", "arm", "v7" },
	{ "armv6l", "arm", "v6" },
	{ "i686", "386", "" },
	{ "riscv64", "riscv64", "" },
	{ "ppc64le", "ppc64le", "" },
	{ "s390x", "s390x", "" },
};

static void platform_here(struct platform *p)
{
	struct utsname here;

	*p = (struct platform){ .os = "linux", .architecture = "amd64" };
	if (uname(&here) < 0)
		return;
	for (size_t n = 0; n < ARRAY_LEN(machines); n++) {
		if (strcmp(machines[n].machine, here.machine) != 0)
			continue;
		(void)snprintf(p->architecture, sizeof(p->architecture), "%s",
			machines[n].architecture);
		(void)snprintf(p->variant, sizeof(p->variant), "%s", machines[n].variant);
	}
}

int platform_wanted(const struct image *i, struct platform *p, struct err *e)
{
	int end = 0, n;

	if (!i->options.platform) {
		platform_here(p);
		return 0;
	}
	*p = (struct platform){ 0 };
	n = sscanf(i->options.platform, "%31[^/]/%31[^/]%n/%15[^/]%n", p->os, p->architecture,
		&end, p->variant, &end);
	if (n < 2 || i->options.platform[end])
		return err_set(e, -EINVAL, "'%s' is not a platform such as linux/arm64",
			i->options.platform);
	return 0;
}

int image_complete(struct image *i, struct image_config *c, struct err *e)
{
	struct platform p;
	int r = platform_wanted(i, &p, e);

	if (r < 0 || c->architecture)
		return r;
	c->architecture = arena_strdup(&i->arena, p.architecture);
	c->variant = *p.variant ? arena_strdup(&i->arena, p.variant) : NULL;
	return 0;
}

/* A config for what has none: a whole image config, or only what is under its "config". */
static int load_config(struct image *i, struct err *e)
{
	auto_buf struct buf text = { 0 };
	auto_json json_t *document = NULL, *whole = NULL;
	int r;

	if (!i->options.config)
		return 0;
	r = io_load(AT_FDCWD, i->options.config, &text, 4 * 1024 * 1024, e);
	if (r >= 0)
		r = json_read(text.bytes, text.size, i->options.config, &document, e);
	if (r < 0)
		return r;
	if (json_object_get(document, "config") || json_object_get(document, "rootfs"))
		whole = json_incref(document);
	else
		whole = json_pack("{s:O}", "config", document);
	r = config_parse(whole, &i->arena, &i->config, e);
	i->config.diff_ids = (struct config_list){ 0 };
	i->document = json_incref(whole);
	return r < 0 ? err_at(e, r, "'%s': ", i->options.config) : 0;
}

static int root_open(struct image *i, struct err *e)
{
	if (i->source.dir < 0 && i->source.size == 0)
		return err_set(e, -EINVAL, "is empty");
	image_set_layer_count(i, 1);
	i->layers[0].size = i->source.size;
	source_forget(&i->source);
	return load_config(i, e);
}

static int v1_open(struct image *i, struct err *e)
{
	(void)i;
	return err_hint(e, err_set(e, -ENOTSUP, "was saved by a docker older than 1.10"),
		"load it into a newer one and save it again");
}

/* What an image is told by, tried in this order; the last takes what is left. */
static const struct {
	const char *member, *folder_kind, *archive_kind;
	int (*read)(struct image *i, struct err *e);
} kinds[] = {
	{ "index.json", "OCI layout", "OCI archive", oci_open },
	{ "manifest.json", "docker archive", "docker archive", docker_open },
	{ "repositories", NULL, "docker archive", v1_open },
	{ NULL, "directory", "root archive", root_open },
};

static int recognise(struct image *i, struct err *e)
{
	bool folder = i->source.dir >= 0;
	size_t n = 0;

	while (kinds[n].member &&
		(i->source.partial || !source_has(&i->source, kinds[n].member) ||
			(folder && !kinds[n].folder_kind)))
		n++;
	if (i->options.is_root)
		n = ARRAY_LEN(kinds) - 1;
	/* An index.json alone can be anything's; a folder needs the layout's mark as well. */
	if (n == 0 && !source_has(&i->source, "oci-layout"))
		n = source_has(&i->source, "manifest.json") ? 1 : ARRAY_LEN(kinds) - 1;
	i->kind = folder ? kinds[n].folder_kind : kinds[n].archive_kind;
	return kinds[n].read(i, e);
}

int image_open(const char *path, const struct image_options *options, struct image **out,
	struct err *e)
{
	struct image *i = xcalloc(1, sizeof(*i));
	int r;

	i->options = *options;
	i->spool.fd = -1;
	i->size_left = options->limits.size ? options->limits.size : UINT64_MAX;
	i->entries_left = options->limits.entries ? options->limits.entries : UINT64_MAX;
	r = source_open(&i->source, path, options->scratch, &options->limits, e);
	if (r >= 0)
		r = spool_open(&i->spool, options->scratch, options->target, e);
	if (r >= 0) {
		r = recognise(i, e);
		if (r < 0)
			(void)err_at(e, r, "'%s': ", path);
	}
	if (r < 0) {
		image_free(i);
		return r;
	}
	*out = i;
	return 0;
}

void image_free(struct image *i)
{
	if (!i)
		return;
	for (size_t k = 0; k < i->layer_count; k++)
		blob_release(&i->blobs[k]);
	spool_release(&i->spool);
	source_release(&i->source);
	json_decref(i->document);
	json_decref(i->annotations);
	arena_release(&i->arena);
	free(i);
}

const char *image_kind(const struct image *i)
{
	return i->kind;
}

const char *image_name(const struct image *i)
{
	return i->name;
}

const char *image_digest(const struct image *i)
{
	return i->digest;
}

const struct image_config *image_config(const struct image *i)
{
	return &i->config;
}

size_t image_layer_count(const struct image *i)
{
	return i->layer_count;
}

const struct image_layer *image_layer(const struct image *i, size_t layer)
{
	return &i->layers[layer];
}

const char *image_layer_file(const struct image *i, size_t layer)
{
	return i->parts[layer].member;
}

bool image_is_folder(const struct image *i)
{
	return i->source.dir >= 0;
}

uint64_t image_layer_progress(const struct image *i, size_t layer)
{
	return atomic_load(&i->parts[layer].progress);
}

void image_notes(const struct image *i, struct buf *to)
{
	const char *path = i->source.path;

	if (i->kept)
		buf_printf(to,
			"'%s' was made with --rootless: owners, modes and kinds of %" PRIu64
			" files are as their user.cinit.* attributes say\n",
			path, i->kept);
	if (i->left_out)
		buf_printf(to,
			"'%s': %" PRIu64
			" user.cinit.* attributes say nothing: they are not those of a directory "
			"that --rootless has made\n",
			path, (uint64_t)i->left_out);
}
