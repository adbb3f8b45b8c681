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
	bool layered;
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
		if (i == 0 || says_something(image_config(b->images[i])))
			b->config_of = i;
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
	if (s->request->events)
		s->request->events->read(s->image, to, entries, s->request->context);
	r = merge_layer(s->merge, entries, &to->counts, e);
	if (r == 0 && s->request->events)
		s->request->events->merged(to, s->request->context);
	return r;
}

/* What an input's image brings; of a root, what merging it has done. */
static int read_input(struct building *s, struct image *i, struct err *e)
{
	const struct made made = { s->b->tree, (uint32_t)s->b->layer_count, &s->request->adjust,
		image_kind(i) };
	struct snapshot before = { 0 };
	int r;

	if (s->layered && image_is_root(i))
		snapshot_take(&before, s->b->tree);
	r = image_read(i, merge_one, s, e);
	if (r == 0 && s->layered && image_is_root(i))
		r = layers_add_made(&s->b->kept, &before, &made, e);
	else if (r == 0 && s->layered)
		layers_add_image(&s->b->kept, i);
	snapshot_release(&before);
	return r;
}

static void tell_reading(const struct building *s, const struct image *image)
{
	if (s->request->events)
		s->request->events->reading(image, s->request->context);
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
		tell_reading(s, b->images[i]);
		r = read_input(s, b->images[i], e);
		tell_reading(s, NULL);
		image_notes(b->images[i], &b->notes);
	}
	merge_free(s->merge);
	return r;
}

static int put_ours(struct building *s, struct err *e)
{
	struct build *b = s->b;
	const struct made made = { b->tree, ADAPT_LAYER, &s->request->adjust,
		"process 1, the skeleton and the boot record" };
	struct snapshot before = { 0 };
	int r;

	if (s->layered)
		snapshot_take(&before, b->tree);
	r = install(s->request, b, e);
	if (r == 0 && s->layered)
		r = layers_add_made(&b->kept, &before, &made, e);
	snapshot_release(&before);
	return r;
}

/* The annotations are those of the image that the config is from, and what is asked for. */
static void describe_image(const struct build_request *q, struct build *b)
{
	const struct image *from = b->images[b->config_of];
	json_t *notes = json_deep_copy(image_annotations(from));

	b->annotations = notes ? notes : json_object();
	for (size_t n = 0; n < q->annotation_count; n++) {
		const char *text = q->annotations[n], *value = strchr(text, '=') + 1;
		char *key = xstrndup(text, (size_t)(value - text - 1));

		(void)json_object_set_new(b->annotations, key, json_string(value));
		free(key);
	}
	b->image = (struct output_image){
		.layers = b->kept.items,
		.layer_count = b->kept.count,
		.document = image_document(from),
		.annotations = b->annotations,
		.compression = q->compression,
		.level = q->level,
		.limits = q->image.limits,
	};
}

/* Whether the image that is written can have the layers that are read. */
static bool keeps_layers(const struct build_request *q, struct build *b)
{
	const char *option = adjust_option(&q->adjust);
	bool kept = false;

	for (size_t i = 0; i < b->image_count; i++)
		kept = kept || !image_is_root(b->images[i]);
	if (q->layered && kept && option)
		buf_printf(&b->notes,
			"the image has one layer: %s changes what is in its layers\n", option);
	/* A root alone is its one layer. */
	return q->layered && !option && (kept || b->image_count > 1 || !q->plain);
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
	if (r == 0) {
		s.layered = keeps_layers(request, b);
		r = merge_inputs(&s, e);
	}
	if (r == 0 && !request->plain)
		r = put_ours(&s, e);
	/* What is kept stays as it is, and what is made has been adjusted. */
	if (r == 0 && !s.layered)
		r = adjust_tree(&request->adjust, b->tree, e);
	if (r < 0) {
		build_free(b);
		return r;
	}
	tree_sort(b->tree);
	describe_image(request, b);
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
		.image = &b->image,
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
	layers_release(&b->kept);
	json_decref(b->annotations);
	free(b->images);
	free(b->layers);
	buf_release(&b->notes);
	arena_release(&b->arena);
	free(b);
}
