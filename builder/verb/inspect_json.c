/* SPDX-License-Identifier: Apache-2.0 */
/* Objects keep the order in which their members are set. */
#include "builder/verb/inspect.h"
#include "builder/verb/text.h"

static void set_text(json_t *object, const char *key, const char *text)
{
	(void)json_object_set_new(object, key, text ? text_json(text) : json_null());
}

static void set_number(json_t *object, const char *key, uint64_t number)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)number));
}

static void set_list(json_t *object, const char *key, const struct config_list *l)
{
	json_t *array = json_array();

	for (size_t n = 0; n < l->count; n++)
		(void)json_array_append_new(array, text_json(l->items[n]));
	(void)json_object_set_new(object, key, array);
}

static json_t *config_of(const struct image_config *c)
{
	json_t *config = json_object(), *labels = json_object();

	set_list(config, "entrypoint", &c->entrypoint);
	set_list(config, "cmd", &c->cmd);
	set_list(config, "env", &c->env);
	set_text(config, "user", c->user);
	set_text(config, "working_dir", c->working_dir);
	set_list(config, "ports", &c->ports);
	set_list(config, "volumes", &c->volumes);
	for (size_t n = 0; n < c->labels.count; n++)
		set_text(labels, c->labels.items[n].name, c->labels.items[n].value);
	(void)json_object_set_new(config, "labels", labels);
	set_text(config, "stop_signal", c->stop_signal);
	return config;
}

static json_t *layer_of(const struct inspected *i, size_t n)
{
	const struct inspected_layer *l = &i->layers[n];
	json_t *layer = json_object();

	set_number(layer, "number", n + 1);
	set_text(layer, "digest", l->from->digest);
	set_text(layer, "diff_id", l->from->diff_id);
	set_text(layer, "media_type", l->from->media_type);
	set_number(layer, "size", l->from->size);
	set_number(layer, "unpacked", l->from->unpacked);
	set_text(layer, "created", l->step ? l->step->created : NULL);
	set_text(layer, "created_by", l->step ? l->step->created_by : NULL);
	set_text(layer, "comment", l->step ? l->step->comment : NULL);
	set_number(layer, "added", l->counts.added);
	set_number(layer, "changed", l->counts.changed);
	set_number(layer, "removed", l->counts.removed);
	set_number(layer, "bytes", l->counts.bytes);
	set_number(layer, "waste", inspected_waste(l));
	return layer;
}

static json_t *history_of(const struct image_config *c)
{
	json_t *history = json_array();

	for (size_t n = 0; n < c->history_count; n++) {
		json_t *step = json_object();

		set_text(step, "created", c->history[n].created);
		set_text(step, "created_by", c->history[n].created_by);
		set_text(step, "author", c->history[n].author);
		set_text(step, "comment", c->history[n].comment);
		(void)json_object_set_new(
			step, "empty_layer", json_boolean(c->history[n].empty_layer));
		(void)json_array_append_new(history, step);
	}
	return history;
}

json_t *inspect_json(const struct inspected *i)
{
	const struct image_config *c = image_config(i->image);
	json_t *image = json_object(), *layers = json_array();

	text_json_name(image, "image", i->input);
	set_text(image, "name", image_name(i->image));
	set_text(image, "kind", image_kind(i->image));
	set_text(image, "digest", image_digest(i->image));
	set_text(image, "os", c->os);
	set_text(image, "architecture", c->architecture);
	set_text(image, "variant", c->variant);
	set_text(image, "created", c->created);
	set_text(image, "author", c->author);
	(void)json_object_set_new(image, "config", config_of(c));
	for (size_t n = 0; n < i->layer_count; n++)
		if (inspected_wants(i, n))
			(void)json_array_append_new(layers, layer_of(i, n));
	(void)json_object_set_new(image, "layers", layers);
	(void)json_object_set_new(image, "history", history_of(c));
	if (i->files)
		(void)json_object_set_new(image, "files", inspect_json_files(i));
	return image;
}
