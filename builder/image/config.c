/* SPDX-License-Identifier: Apache-2.0 */
/* OCI image-spec, config.md; docker's own config differs in nothing that is read here. */
#include <string.h>

#include "builder/image/internal.h"

static int put_text(
	const json_t *from, const char *key, struct arena *a, const char **to, struct err *e)
{
	const char *text;
	int r = json_member_text(from, key, &text, e);

	if (r >= 0)
		*to = text && *text ? arena_strdup(a, text) : NULL;
	return r;
}

static int put_list(const json_t *from, const char *key, struct arena *a,
	struct config_list *to, struct err *e)
{
	const char **items;
	json_t *array = NULL;
	int r = json_member_texts(from, key, &array, e);
	size_t n = json_array_size(array);

	if (r < 0 || !n)
		return r;
	items = arena_alloc(a, (n + 1) * sizeof(*items));
	for (size_t i = 0; i < n; i++)
		items[i] = arena_strdup(a, json_string_value(json_array_get(array, i)));
	*to = (struct config_list){ items, n };
	return 0;
}

/* Entrypoint and Cmd were single strings once: docker ran them by a shell. */
static int put_command(const json_t *from, const char *key, struct arena *a,
	struct config_list *to, struct err *e)
{
	const json_t *text = json_object_get(from, key);
	const char **items;

	if (!json_is_string(text))
		return put_list(from, key, a, to, e);
	items = arena_alloc(a, 4 * sizeof(*items));
	items[0] = "/bin/sh";
	items[1] = "-c";
	items[2] = arena_strdup(a, json_string_value(text));
	*to = (struct config_list){ items, 3 };
	return 0;
}

/* A set is an object whose keys count and whose values are empty. */
static int put_keys(const json_t *from, const char *key, struct arena *a,
	struct config_list *to, struct err *e)
{
	const char **items, *name;
	json_t *set, *value;
	size_t n = 0;
	int r = json_member_object(from, key, &set, e);

	if (r < 0 || !json_object_size(set))
		return r;
	items = arena_alloc(a, (json_object_size(set) + 1) * sizeof(*items));
	json_object_foreach(set, name, value)
	{
		items[n++] = arena_strdup(a, name);
	}
	*to = (struct config_list){ items, n };
	return 0;
}

static int put_pairs(const json_t *from, const char *key, struct arena *a,
	struct config_pairs *to, struct err *e)
{
	struct config_pair *items;
	const char *name;
	json_t *set, *value;
	size_t n = 0;
	int r = json_member_object(from, key, &set, e);

	if (r < 0 || !json_object_size(set))
		return r;
	items = arena_alloc(a, json_object_size(set) * sizeof(*items));
	json_object_foreach(set, name, value)
	{
		if (!json_is_string(value))
			return err_set(e, -EINVAL, "'%s' of '%s' is not a string", name, key);
		items[n++] = (struct config_pair){ arena_strdup(a, name),
			arena_strdup(a, json_string_value(value)) };
	}
	*to = (struct config_pairs){ items, n };
	return 0;
}

static int put_step(
	const json_t *from, struct arena *a, struct config_history *to, struct err *e)
{
	const struct {
		const char *key;
		const char **to;
	} texts[] = {
		{ "created", &to->created },
		{ "created_by", &to->created_by },
		{ "author", &to->author },
		{ "comment", &to->comment },
	};

	if (!json_is_object(from))
		return err_set(e, -EINVAL, "'history' holds something that is not an object");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int r = put_text(from, texts[i].key, a, texts[i].to, e);

		if (r < 0)
			return r;
	}
	to->empty_layer = json_is_true(json_object_get(from, "empty_layer"));
	return 0;
}

static int put_history(
	const json_t *document, struct arena *a, struct image_config *c, struct err *e)
{
	struct config_history *steps;
	json_t *array = NULL;
	int r = json_member_array(document, "history", &array, e);
	size_t n = json_array_size(array);

	if (r < 0 || !n)
		return r;
	steps = arena_alloc(a, n * sizeof(*steps));
	for (size_t i = 0; i < n; i++) {
		r = put_step(json_array_get(array, i), a, &steps[i], e);
		if (r < 0)
			return r;
	}
	c->history = steps;
	c->history_count = n;
	return 0;
}

static int put_diff_ids(
	const json_t *document, struct arena *a, struct image_config *c, struct err *e)
{
	json_t *rootfs;
	int r = json_member_object(document, "rootfs", &rootfs, e);

	return r < 0 ? r : put_list(rootfs, "diff_ids", a, &c->diff_ids, e);
}

static int put_run(const json_t *run, struct arena *a, struct image_config *c, struct err *e)
{
	const struct {
		int (*put)(const json_t *, const char *, struct arena *, struct config_list *,
			struct err *);
		const char *key;
		struct config_list *to;
	} lists[] = {
		{ put_command, "Entrypoint", &c->entrypoint },
		{ put_command, "Cmd", &c->cmd },
		{ put_list, "Env", &c->env },
		{ put_keys, "Volumes", &c->volumes },
		{ put_keys, "ExposedPorts", &c->ports },
	};
	const struct {
		const char *key;
		const char **to;
	} texts[] = {
		{ "User", &c->user },
		{ "WorkingDir", &c->working_dir },
		{ "StopSignal", &c->stop_signal },
	};
	int r = put_pairs(run, "Labels", a, &c->labels, e);

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(lists); i++)
		r = lists[i].put(run, lists[i].key, a, lists[i].to, e);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++)
		r = put_text(run, texts[i].key, a, texts[i].to, e);
	return r;
}

int config_parse(const json_t *document, struct arena *a, struct image_config *c, struct err *e)
{
	struct image_config out = { 0 };
	const struct {
		const char *key;
		const char **to;
	} texts[] = {
		{ "architecture", &out.architecture },
		{ "variant", &out.variant },
		{ "os", &out.os },
		{ "created", &out.created },
		{ "author", &out.author },
	};
	json_t *run;
	int r;

	if (!json_is_object(document))
		return err_set(e, -EINVAL, "the config is not an object");
	r = json_member_object(document, "config", &run, e);
	if (r >= 0 && run)
		r = put_run(run, a, &out, e);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++)
		r = put_text(document, texts[i].key, a, texts[i].to, e);
	if (r >= 0)
		r = put_history(document, a, &out, e);
	if (r >= 0)
		r = put_diff_ids(document, a, &out, e);
	if (r >= 0)
		*c = out;
	return r;
}
