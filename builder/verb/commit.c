/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builder/output/oci.h"
#include "builder/plan.h"
#include "builder/verb/commit.h"
#include "builder/verb/upper.h"
#include "builder/verb/verbs.h"
#include "builder/verb/write.h"
#include "lib/auto.h"

struct commit {
	const struct cbuild_row *row;
	const struct output_format *format;
	const char *input, *folder;
	struct image *image;
	struct upper upper;
	struct oci_layer *layers; /* of the image, and the new one */
	size_t count;
	char created[32];
};

/* The time of the newest file, so that the same layer on the same image is the same image. */
static void set_created(struct commit *c)
{
	const struct node *root = tree_root(c->upper.tree);
	time_t newest = 0;
	struct tm tm = { 0 };

	for (const struct node *n = root; n; n = tree_next(root, n))
		if (n->inode->mtime.tv_sec > newest)
			newest = n->inode->mtime.tv_sec;
	(void)gmtime_r(&newest, &tm);
	(void)strftime(c->created, sizeof(c->created), "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int read_inputs(struct commit *c, struct err *e)
{
	struct image_options options = { 0 };
	struct adjust adjust = { 0 };
	int r = plan_epoch(&adjust, e);

	if (r < 0)
		return r;
	plan_image_options(c->row, &options);
	r = image_open(c->input, &options, &c->image, e);
	if (r < 0)
		return r;
	if (!image_document(c->image))
		return err_hint(e,
			err_set(e, -EINVAL, "'%s' is a %s, not an image", c->input,
				image_kind(c->image)),
			"'cbuild layer' makes a layer, and 'cbuild ROOT LAYER' merges both");
	r = upper_read(c->folder, &options, &adjust, &c->upper, e);
	if (r < 0)
		return r;
	set_created(c);
	c->layers = xcalloc(image_layer_count(c->image) + 1, sizeof(*c->layers));
	return 0;
}

static int write_layers(struct commit *c, struct oci_store *store, struct err *e)
{
	size_t old = image_layer_count(c->image);
	struct output output = { .tree = c->upper.tree };
	int r = 0;

	for (; r >= 0 && c->count < old; c->count++) {
		r = commit_copy_layer(c->image, c->count, store, &c->layers[c->count], e);
		if (r < 0)
			return err_at(e, r, "'%s': layer %zu: ", c->input, c->count + 1);
	}
	r = oci_put_layer(store, &output,
		commit_filter(old ? c->layers[old - 1].media_type : NULL), &c->layers[old], e);
	c->count++;
	return r;
}

static int write_image(int fd, struct commit *c, struct err *e)
{
	const struct commit_step step = { c->created, c->row->author, c->row->message };
	const char *name = c->row->tag ? c->row->tag : image_name(c->image);
	auto_json json_t *config = NULL;
	struct oci_store store;
	int r = oci_store_init(&store, c->format->kind == OUTPUT_DIR ? fd : -1, e);

	if (r >= 0)
		r = write_layers(c, &store, e);
	if (r >= 0)
		r = commit_config(image_document(c->image), image_config(c->image),
			&c->layers[c->count - 1], &step, &config, e);
	if (r >= 0) {
		const struct oci_image image = {
			.layers = c->layers,
			.layer_count = c->count,
			.config = config,
			.about = image_config(c->image),
			.name = name,
		};
		r = oci_finish(&store, &image, fd, e);
	}
	oci_store_release(&store);
	return r;
}

static int work(int fd, void *context, struct err *e)
{
	struct commit *c = context;
	int r = read_inputs(c, e);

	if (r >= 0)
		r = write_image(fd, c, e);
	if (r >= 0 && !c->row->quiet)
		upper_tell(&c->upper);
	upper_release(&c->upper);
	image_free(c->image);
	free(c->layers);
	return r;
}

static bool is_archive(const char *path)
{
	size_t n = strlen(path);

	return !strcmp(path, "-") || (n > 4 && !strcmp(path + n - 4, ".tar"));
}

int verb_commit(const struct cbuild_row *row, const struct opt_list *operands, struct err *e)
{
	struct commit c = { .row = row };
	int r;

	if (operands->count != 2)
		return err_set(e, CBUILD_USAGE,
			"which image and which upper directory? see 'cbuild commit --help'");
	if (!row->output)
		return err_set(e, CBUILD_USAGE,
			"where to? give -o OUT.tar, or a folder for an OCI layout");
	c.input = operands->items[0];
	c.folder = operands->items[1];
	r = output_find(is_archive(row->output) ? "oci.tar" : "oci", "", &c.format, e);
	return r < 0 ? r : verb_write(row, c.format, work, &c, e);
}
