/* SPDX-License-Identifier: Apache-2.0 */
/* OCI image-spec, config.md and descriptor.md, written. */
#include <string.h>

#include "builder/output/oci.h"
#include "lib/json.h"
#include "lib/mem.h"

/* What a JSON document is made with; after a failure all that follows does nothing. */
struct maker {
	const char *bad; /* a text that is not UTF-8, which JSON must be */
};

static void set_text(struct maker *m, json_t *to, const char *key, const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	if (text && !value)
		m->bad = text;
	if (value)
		(void)json_object_set_new(to, key, value);
}

static json_t *list_of(struct maker *m, const struct config_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		json_t *item = json_string(list->items[i]);

		if (!item)
			m->bad = list->items[i];
		else
			(void)json_array_append_new(array, item);
	}
	return array;
}

static void set_list(
	struct maker *m, json_t *to, const char *key, const struct config_list *list)
{
	if (list->count)
		(void)json_object_set_new(to, key, list_of(m, list));
}

/* A set is an object whose keys count and whose values are empty. */
static void set_keys(
	struct maker *m, json_t *to, const char *key, const struct config_list *list)
{
	json_t *set;

	if (!list->count)
		return;
	set = json_object();
	for (size_t i = 0; i < list->count; i++)
		if (json_object_set_new(set, list->items[i], json_object()) < 0)
			m->bad = list->items[i];
	(void)json_object_set_new(to, key, set);
}

static void set_pairs(
	struct maker *m, json_t *to, const char *key, const struct config_pairs *pairs)
{
	json_t *set;

	if (!pairs->count)
		return;
	set = json_object();
	for (size_t i = 0; i < pairs->count; i++)
		set_text(m, set, pairs->items[i].name, pairs->items[i].value);
	(void)json_object_set_new(to, key, set);
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

static json_t *run_of(struct maker *m, const struct output *o)
{
	const struct image_config *c = o->config;
	json_t *run = json_object();

	set_text(m, run, "User", c->user);
	set_keys(m, run, "ExposedPorts", &c->ports);
	set_list(m, run, "Env", &c->env);
	set_command(m, run, o);
	set_keys(m, run, "Volumes", &c->volumes);
	set_text(m, run, "WorkingDir", c->working_dir);
	set_pairs(m, run, "Labels", &c->labels);
	set_text(m, run, "StopSignal", c->stop_signal);
	return run;
}

static void add_step(struct maker *m, json_t *to, const struct config_history *h)
{
	json_t *step = json_object();

	set_text(m, step, "created", h->created);
	set_text(m, step, "created_by", h->created_by);
	set_text(m, step, "author", h->author);
	set_text(m, step, "comment", h->comment);
	if (h->empty_layer)
		(void)json_object_set_new(step, "empty_layer", json_true());
	(void)json_array_append_new(to, step);
}

/* The image's own steps, which have no layer any more, and the one that made one of them all.
 */
static json_t *history_of(struct maker *m, const struct output *o)
{
	const struct image_config *c = o->config;
	json_t *history = json_array();

	for (size_t i = 0; i < c->history_count; i++) {
		struct config_history step = c->history[i];

		step.empty_layer = true;
		add_step(m, history, &step);
	}
	add_step(m, history,
		&(struct config_history){ .created = c->created,
			.created_by = "cbuild",
			.comment = "all layers as one" });
	return history;
}

static json_t *rootfs_of(const char *diff_id)
{
	json_t *rootfs = json_object(), *ids = json_array();

	(void)json_array_append_new(ids, json_string(diff_id));
	(void)json_object_set_new(rootfs, "type", json_string("layers"));
	(void)json_object_set_new(rootfs, "diff_ids", ids);
	return rootfs;
}

int oci_config(
	const struct output *o, const struct oci_layer *layer, json_t **out, struct err *e)
{
	const struct image_config *c = o->config;
	auto_json json_t *config = json_object();
	struct maker m = { NULL };

	set_text(&m, config, "created", c->created);
	set_text(&m, config, "author", c->author);
	set_text(&m, config, "architecture", c->architecture);
	set_text(&m, config, "variant", c->variant);
	set_text(&m, config, "os", c->os);
	(void)json_object_set_new(config, "config", run_of(&m, o));
	(void)json_object_set_new(config, "rootfs", rootfs_of(layer->diff_id));
	(void)json_object_set_new(config, "history", history_of(&m, o));
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
