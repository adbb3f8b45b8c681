/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "builder/install.h"
#include "builder/merge/adapt.h"
#include "builder/output/output.h"
#include "lib/auto.h"

struct building {
	const struct build_request *request;
	struct build *b;
	struct merge *merge;
	const char *input;
	const struct image *image;
};

static bool says_something(const struct image_config *c)
{
	return c->entrypoint.count || c->cmd.count || c->env.count || c->user ||
	       c->working_dir || c->architecture;
}

static int open_inputs(struct building *s, struct err *e)
{
	const struct build_request *q = s->request;
	struct build *b = s->b;

	b->images = xcalloc(q->input_count, sizeof(*b->images));
	for (size_t i = 0; i < q->input_count; i++) {
		int r = image_open(q->inputs[i], &q->image, &b->images[i], e);

		if (r < 0)
			return r;
		b->image_count = i + 1;
		b->layer_count += image_layer_count(b->images[i]);
		/* The config is that of the topmost input that has one. */
		if (i == 0 || says_something(image_config(b->images[i])))
			b->config = *image_config(b->images[i]);
	}
	return build_change_config(&q->change, &b->config, &b->arena, e);
}

static int merge_one(size_t layer, struct entry_list *entries, void *context, struct err *e)
{
	struct building *s = context;
	const struct image_layer *from = image_layer(s->image, layer);
	struct build_layer *to = &s->b->layers[s->b->layer_count++];
	int r;

	*to = (struct build_layer){
		.input = s->input,
		.number = layer + 1,
		.total = image_layer_count(s->image),
		.digest = from->digest ? from->digest : from->diff_id,
		.size = from->size,
	};
	r = merge_layer(s->merge, entries, &to->counts, e);
	if (r == 0 && s->request->progress)
		s->request->progress(to, s->request->context);
	return r;
}

static int merge_inputs(struct building *s, struct err *e)
{
	struct build *b = s->b;
	const struct merge_options options = { s->request->image.limits, s->request->epoch };
	int r = 0;

	b->layers = xcalloc(b->layer_count, sizeof(*b->layers));
	b->layer_count = 0;
	s->merge = merge_new(b->tree, &options);
	for (size_t i = 0; r == 0 && i < b->image_count; i++) {
		s->input = s->request->inputs[i];
		s->image = b->images[i];
		r = image_read(b->images[i], merge_one, s, e);
		image_notes(b->images[i], &b->notes);
	}
	merge_free(s->merge);
	return r;
}

int build_tree(const struct build_request *request, struct build **out, struct err *e)
{
	struct build *b = xcalloc(1, sizeof(*b));
	struct building s = { .request = request, .b = b };
	int r;

	arena_init(&b->arena);
	b->size = request->size;
	b->spare = request->spare;
	b->name = request->name;
	b->epoch = request->epoch;
	b->rootless = request->rootless;
	b->plain = request->plain;
	b->tree = tree_new();
	r = open_inputs(&s, e);
	if (r == 0)
		r = merge_inputs(&s, e);
	if (r == 0 && !request->plain)
		r = install(request, b, e);
	if (r == 0)
		r = adjust_tree(&request->adjust, b->tree, e);
	if (r < 0) {
		build_free(b);
		return r;
	}
	tree_sort(b->tree);
	*out = b;
	return 0;
}

/* What an image must say and what was read need not: OCI image-spec, config.md. */
static int complete_config(
	const struct build *b, struct image_config *c, char created[32], struct err *e)
{
	struct tm tm = { 0 };

	if (b->epoch || !c->created) {
		(void)gmtime_r(&b->epoch, &tm);
		(void)strftime(created, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
		c->created = created;
	}
	if (!c->os)
		c->os = "linux";
	return image_complete(b->images[0], c, e);
}

int build_write(struct build *b, const char *format, int fd, struct err *e)
{
	auto_buf struct buf identity = { 0 };
	const struct adapt adapt = { b->tree, b->epoch };
	struct image_config config = b->config;
	struct ids user = { 0 };
	char created[32];
	struct output o = {
		.tree = b->tree,
		.notes = &b->notes,
		.size = b->size,
		.spare = b->spare,
		.config = &config,
		.name = b->name ? b->name : image_name(b->images[0]),
		.rootless = b->rootless,
		.plain = b->plain,
		.user = &user,
	};
	int r = output_find(format, "", &o.format, e);

	if (r == 0)
		r = complete_config(b, &config, created, e);
	if (r == 0 && o.format->write == output_bundle && b->plain)
		r = adapt_user(&adapt, config.user, &user, e);
	for (size_t i = 0; i < b->layer_count; i++)
		buf_printf(&identity, "%s\n", b->layers[i].digest ? b->layers[i].digest : "");
	o.identity = identity.bytes;
	return r < 0 ? r : output_write(&o, fd, e);
}

void build_free(struct build *b)
{
	if (!b)
		return;
	tree_free(b->tree);
	for (size_t i = 0; i < b->image_count; i++)
		image_free(b->images[i]);
	free(b->images);
	free(b->layers);
	buf_release(&b->notes);
	arena_release(&b->arena);
	free(b);
}
