/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "builder/build.h"
#include "lib/json.h"

/* A JSON array of texts, or one word. */
static int parse_words(const char *text, const char *option, struct config_list *out,
	struct arena *a, struct err *e)
{
	auto_json json_t *array = NULL;
	const char **items;
	size_t count = 1;
	int r;

	if (text[0] == '[') {
		r = json_read(text, strlen(text), option, &array, e);
		if (r < 0)
			return r;
		count = json_array_size(array);
	}
	items = arena_alloc(a, (count + 1) * sizeof(*items));
	items[0] = text;
	for (size_t i = 0; array && i < count; i++) {
		const char *item = json_string_value(json_array_get(array, i));

		if (!item || strlen(item) != json_string_length(json_array_get(array, i)))
			return err_set(e, -EINVAL,
				"%s: '%s' is not an array of texts such as "
				"[\"/bin/sh\", \"-c\", \"date\"]",
				option, text);
		items[i] = arena_strdup(a, item);
	}
	*out = (struct config_list){ count ? items : NULL, count };
	return 0;
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return !strncmp(a, b, n) && b[n] == '=';
}

/* A variable takes the place of its old value, or comes last. */
static void set_variable(const char **items, size_t *count, const char *variable)
{
	for (size_t i = 0; i < *count; i++)
		if (same_name(variable, items[i])) {
			items[i] = variable;
			return;
		}
	items[(*count)++] = variable;
}

static int change_env(
	const struct build_change *c, struct config_list *env, struct arena *a, struct err *e)
{
	size_t count = env->count;
	const char **items = arena_alloc(a, (env->count + c->env_count + 1) * sizeof(*items));

	if (!c->env_count)
		return 0;
	for (size_t i = 0; i < env->count; i++)
		items[i] = env->items[i];
	for (size_t i = 0; i < c->env_count; i++) {
		const char *variable = c->env[i];

		if (!strchr(variable, '=') || variable[0] == '=')
			return err_set(e, -EINVAL, "--env: '%s' is not NAME=value", variable);
		set_variable(items, &count, variable);
	}
	*env = (struct config_list){ items, count };
	return 0;
}

static int change_labels(const struct build_change *c, struct config_pairs *labels,
	struct arena *a, struct err *e)
{
	struct config_pair *items = arena_alloc(
		a, (labels->count + c->label_count + 1) * sizeof(*items));
	size_t count = labels->count;

	for (size_t i = 0; i < labels->count; i++)
		items[i] = labels->items[i];
	for (size_t i = 0; i < c->label_count; i++) {
		const char *text = c->labels[i], *end = strchr(text, '=');
		const char *name = arena_strndup(
			a, text, end ? (size_t)(end - text) : strlen(text));
		size_t at = 0;

		if (!*name)
			return err_set(e, -EINVAL, "--label: '%s' is not KEY=VALUE", text);
		while (at < count && strcmp(items[at].name, name) != 0)
			at++;
		items[at] = (struct config_pair){ name, end ? end + 1 : "" };
		count += at == count;
	}
	*labels = (struct config_pairs){ items, count };
	return 0;
}

int build_change_config(const struct build_change *c, struct image_config *config,
	struct arena *a, struct err *e)
{
	int r = 0;

	/* Another entrypoint is another program: the image's arguments are not for it. */
	if (c->entrypoint) {
		r = parse_words(c->entrypoint, "--entrypoint", &config->entrypoint, a, e);
		config->cmd = (struct config_list){ 0 };
	}
	if (r == 0 && c->cmd)
		r = parse_words(c->cmd, "--cmd", &config->cmd, a, e);
	if (r == 0)
		r = change_env(c, &config->env, a, e);
	if (r == 0)
		r = change_labels(c, &config->labels, a, e);
	if (c->user)
		config->user = c->user;
	if (c->workdir)
		config->working_dir = c->workdir;
	if (c->stop_signal)
		config->stop_signal = c->stop_signal;
	return r;
}
