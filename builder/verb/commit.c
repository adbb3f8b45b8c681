/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "builder/layers.h"
#include "builder/plan.h"
#include "builder/verb/upper.h"
#include "builder/verb/verbs.h"
#include "builder/write.h"
#include "lib/auto.h"

struct commit {
	const struct cbuild_row *row;
	const struct output_format *format;
	const char *input, *folder;
	struct image *image;
	struct upper upper;
	struct layers layers; /* of the image, and the new one */
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

static int read_inputs(const struct write_to *to, struct commit *c, struct err *e)
{
	struct image_options options = { 0 };
	struct adjust adjust = { 0 };
	int r = plan_epoch(&adjust, e);

	if (r < 0)
		return r;
	plan_image_options(c->row, &options);
	options.own = to->own;
	options.own_count = to->own_count;
	options.scratch = to->scratch;
	r = image_open(c->input, &options, &c->image, e);
	if (r < 0)
		return r;
	if (image_is_root(c->image))
		return err_hint(e,
			err_set(e, -EINVAL, "'%s' is a %s, not an image", c->input,
				image_kind(c->image)),
			"'cbuild layer' makes a layer, and 'cbuild ROOT LAYER' merges both");
	r = upper_read(c->folder, &options, &adjust, &c->upper, e);
	if (r >= 0)
		set_created(c);
	return r;
}

static int write_image(int fd, struct commit *c, struct err *e)
{
	const struct cbuild_row *row = c->row;
	struct image_options options = { 0 };
	struct image_config config = *image_config(c->image);
	struct output_image image = {
		.document = image_document(c->image),
		.annotations = image_annotations(c->image),
		.compression = row->compression_format,
		.level = row->compression_level > 0 ? (int)row->compression_level : 0,
	};
	struct output output = {
		.tree = c->upper.tree,
		.format = c->format,
		.config = &config,
		.image = &image,
		.name = row->tag ? row->tag : image_name(c->image),
		.plain = true,
	};
	int r;

	plan_image_options(row, &options);
	image.limits = options.limits;
	layers_add_image(&c->layers, c->image);
	layers_add(&c->layers, &(struct output_layer){ .tree = c->upper.tree,
				       .created_by = "cbuild commit",
				       .author = row->author,
				       .comment = row->message });
	image.layers = c->layers.items;
	image.layer_count = c->layers.count;
	config.created = c->created;
	if (row->author)
		config.author = row->author;
	r = output_write(&output, fd, e);
	return r < 0 ? err_at(e, r, "'%s': ", c->input) : r;
}

static int work(const struct write_to *to, void *context, struct err *e)
{
	struct commit *c = context;
	int r = read_inputs(to, c, e);

	if (r >= 0)
		r = write_image(to->fd, c, e);
	if (r >= 0 && !c->row->quiet)
		upper_tell(&c->upper);
	layers_release(&c->layers);
	upper_release(&c->upper);
	image_free(c->image);
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
	if (plan_compression(row, PLAN_FOR_IMAGE, e) < 0)
		return CBUILD_USAGE;
	c.input = operands->items[0];
	c.folder = operands->items[1];
	r = output_find(is_archive(row->output) ? "oci.tar" : "oci", "", &c.format, e);
	return r < 0 ? r
		     : write_output(&(struct write_request){ row->output, c.format, row->force,
					    work, &c },
			       e);
}
