/* SPDX-License-Identifier: Apache-2.0 */
/* OCI image-spec, config.md and descriptor.md, written. */
#include <stdlib.h>
#include <string.h>

#include "builder/output/oci.h"
#include "lib/json.h"
#include "lib/mem.h"

/*
 * The document of the image that was read is taken as it is, with all that nobody here knows,
 * and only what is to be different is set in it.
 */

/* What a JSON document is made with; after a failure all that follows does nothing. */
struct maker {
	const char *bad; /* a text that is not UTF-8, which JSON must be */
};

/* Sets what differs; an empty value takes away what is there, unless that is as empty. */
static void set(json_t *to, const char *key, json_t *value, bool empty)
{
	const json_t *old = json_object_get(to, key);
	const char *text = json_string_value(old);

	if (!empty && !json_equal(old, value))
		(void)json_object_set(to, key, value);
	if (empty && ((text && *text) || json_array_size(old) || json_object_size(old)))
		(void)json_object_del(to, key);
	json_decref(value);
}

static void set_text(struct maker *m, json_t *to, const char *key, const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	if (text && !value)
		m->bad = text;
	set(to, key, value, !value);
}

static void set_list(
	struct maker *m, json_t *to, const char *key, const struct config_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		json_t *item = json_string(list->items[i]);

		if (!item)
			m->bad = list->items[i];
		else
			(void)json_array_append_new(array, item);
	}
	set(to, key, array, !list->count);
}

static void set_pairs(
	struct maker *m, json_t *to, const char *key, const struct config_pairs *pairs)
{
	json_t *object = json_object();

	for (size_t i = 0; i < pairs->count; i++) {
		json_t *value = json_string(pairs->items[i].value);

		if (!value || json_object_set_new(object, pairs->items[i].name, value) < 0)
			m->bad = value ? pairs->items[i].name : pairs->items[i].value;
	}
	set(to, key, object, !pairs->count);
}

/* Process 1 takes the image's entrypoint as its arguments, and the command stays the command.
 */
static void set_command(struct maker *m, json_t *to, const struct output *o)
{
	const struct image_config *c = o->config;
	struct config_list entrypoint = c->entrypoint;
	const char **items = NULL;

	if (!o->plain) {
		items = xcalloc(c->entrypoint.count + 2, sizeof(*items));
		items[0] = "/sbin/cinit";
		items[1] = "--";
		for (size_t i = 0; i < c->entrypoint.count; i++)
			items[i + 2] = c->entrypoint.items[i];
		entrypoint = (struct config_list){ items, c->entrypoint.count + 2 };
	}
	set_list(m, to, "Entrypoint", &entrypoint);
	set_list(m, to, "Cmd", &c->cmd);
	free(items);
}

static void set_run(struct maker *m, json_t *config, const struct output *o)
{
	const struct image_config *c = o->config;
	json_t *run = json_object_get(config, "config");

	if (!json_is_object(run)) {
		run = json_object();
		(void)json_object_set_new(config, "config", run);
	}
	set_text(m, run, "User", c->user);
	set_list(m, run, "Env", &c->env);
	set_command(m, run, o);
	set_text(m, run, "WorkingDir", c->working_dir);
	set_pairs(m, run, "Labels", &c->labels);
	set_text(m, run, "StopSignal", c->stop_signal);
}

/* --- history ---------------------------------------------------------------------------------
 */

static bool makes_layer(const json_t *step)
{
	return !json_is_true(json_object_get(step, "empty_layer"));
}

/* The steps of a document, for so many of its layers. */
static void add_steps(json_t *to, const json_t *document, size_t layers)
{
	const json_t *old = json_object_get(document, "history");
	size_t n, made = 0;
	json_t *step;

	json_array_foreach(old, n, step)
	{
		made += makes_layer(step);
	}
	json_array_foreach(old, n, step)
	{
		json_t *copy = json_deep_copy(step);

		/* Those of layers that are not there have left nothing of their own. */
		if (made != layers && json_is_object(copy))
			(void)json_object_set_new(copy, "empty_layer", json_true());
		(void)json_array_append_new(to, copy);
	}
	/* One that has no history for its layers gets a step for each that says nothing. */
	for (n = 0; made != layers && n < layers; n++)
		(void)json_array_append_new(to, json_object());
}

static void add_step(
	struct maker *m, json_t *to, const char *created, const struct output_layer *l)
{
	json_t *step = json_object();

	set_text(m, step, "created", created);
	set_text(m, step, "created_by", l->created_by);
	set_text(m, step, "author", l->author);
	set_text(m, step, "comment", l->comment);
	(void)json_array_append_new(to, step);
}

static bool is_kept(const struct oci_layers *layers, const json_t *document)
{
	for (size_t n = 0; n < layers->count; n++)
		if (!layers->items[n].tree && layers->items[n].document == document)
			return true;
	return false;
}

/* The history is that of the document then, whatever it says. */
static bool all_kept(const struct oci_layers *layers, const json_t *document)
{
	for (size_t n = 0; n < layers->count; n++)
		if (layers->items[n].tree || layers->items[n].document != document)
			return false;
	return true;
}

static json_t *history_of(
	struct maker *m, const struct output *o, const struct oci_layers *layers)
{
	const json_t *document = o->image ? o->image->document : NULL;
	json_t *history = json_array();
	size_t n = 0, first;

	if (document && !is_kept(layers, document))
		add_steps(history, document, 0);
	while (n < layers->count) {
		const struct output_layer *l = &layers->items[n];

		first = n++;
		while (!l->tree && n < layers->count && !layers->items[n].tree &&
			layers->items[n].document == l->document)
			n++;
		if (l->tree)
			add_step(m, history, o->config->created, l);
		else
			add_steps(history, l->document, n - first);
	}
	return history;
}

static json_t *rootfs_of(const struct oci_layer *layers, size_t count)
{
	json_t *rootfs = json_object(), *ids = json_array();

	for (size_t n = 0; n < count; n++)
		(void)json_array_append_new(ids, json_string(layers[n].diff_id));
	(void)json_object_set_new(rootfs, "type", json_string("layers"));
	(void)json_object_set_new(rootfs, "diff_ids", ids);
	return rootfs;
}

int oci_config(
	const struct output *o, const struct oci_layer *layers, json_t **out, struct err *e)
{
	const struct image_config *c = o->config;
	const json_t *document = o->image ? o->image->document : NULL;
	auto_json json_t *config = document ? json_deep_copy(document) : json_object();
	struct maker m = { NULL };
	struct oci_layers all;

	oci_layers_of(o, &all);
	set_text(&m, config, "created", c->created);
	set_text(&m, config, "author", c->author);
	set_text(&m, config, "architecture", c->architecture);
	set_text(&m, config, "variant", c->variant);
	set_text(&m, config, "os", c->os);
	set_run(&m, config, o);
	(void)json_object_set_new(config, "rootfs", rootfs_of(layers, all.count));
	if (!all_kept(&all, document))
		(void)json_object_set_new(config, "history", history_of(&m, o, &all));
	if (m.bad)
		return err_set(
			e, -EILSEQ, "an image's config is UTF-8, which '%s' is not", m.bad);
	*out = json_incref(config);
	return 0;
}

json_t *oci_descriptor(const char *type, const struct oci_blob *blob)
{
	json_t *d = json_object();

	(void)json_object_set_new(d, "mediaType", json_string(type));
	(void)json_object_set_new(d, "digest", json_string(blob->digest));
	(void)json_object_set_new(d, "size", json_integer((json_int_t)blob->size));
	return d;
}

void oci_name_parse(const char *text, struct oci_name *out)
{
	const char *slash = strrchr(text, '/'), *colon = strrchr(text, ':');

	*out = (struct oci_name){ NULL, NULL };
	if (colon && (!slash || colon > slash)) {
		out->name = xstrdup(text);
		out->tag = xstrdup(colon + 1);
	} else if (slash) {
		out->name = xasprintf("%s:latest", text);
		out->tag = xstrdup("latest");
	} else {
		out->tag = xstrdup(text);
	}
}

void oci_name_release(struct oci_name *n)
{
	free(n->name);
	free(n->tag);
	*n = (struct oci_name){ NULL, NULL };
}
