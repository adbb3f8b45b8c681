/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "builder/tell/progress.h"
#include "builder/verb/inspect.h"
#include "builder/verb/text.h"

enum { LABEL = 14 };

/* One line under a label; without a value, none. */
static void line(const char *label, const char *value)
{
	auto_buf struct buf shown = { 0 };

	if (!value || !*value)
		return;
	text_put(&shown, value);
	printf("%-*s%s\n", LABEL, label, shown.bytes);
}

static void list(const char *label, const struct config_list *l)
{
	for (size_t n = 0; n < l->count; n++)
		line(n ? "" : label, l->items[n]);
}

/* A command as a JSON array: the one way in which blanks and empty words can be seen. */
static void command(const char *label, const struct config_list *l)
{
	auto_json json_t *words = json_array();
	char *text;

	if (!l->count)
		return;
	for (size_t n = 0; n < l->count; n++)
		(void)json_array_append_new(words, json_string(l->items[n]));
	text = json_dumps(words, JSON_COMPACT);
	printf("%-*s%s\n", LABEL, label, text);
	free(text);
}

static void print_config(const struct image_config *c)
{
	auto_buf struct buf platform = { 0 };

	if (c->os || c->architecture)
		buf_printf(&platform, "%s/%s%s%s", c->os ? c->os : "?",
			c->architecture ? c->architecture : "?", c->variant ? "/" : "",
			c->variant ? c->variant : "");
	line("platform", platform.bytes);
	line("created", c->created);
	line("author", c->author);
	command("entrypoint", &c->entrypoint);
	command("command", &c->cmd);
	list("environment", &c->env);
	line("user", c->user);
	line("directory", c->working_dir);
	list("ports", &c->ports);
	list("volumes", &c->volumes);
	line("stop signal", c->stop_signal);
	for (size_t n = 0; n < c->labels.count; n++) {
		auto_buf struct buf pair = { 0 };

		buf_printf(&pair, "%s=%s", c->labels.items[n].name, c->labels.items[n].value);
		line(n ? "" : "labels", pair.bytes);
	}
}

static void print_size(const struct image_layer *from)
{
	char size[HUMAN_SIZE], unpacked[HUMAN_SIZE];

	if (!from->size)
		return;
	printf("  %-*s%s", LABEL - 2, "size", human_size(from->size, size));
	if (from->unpacked != from->size)
		printf(", %s unpacked", human_size(from->unpacked, unpacked));
	(void)putchar('\n');
}

static void print_layer(const struct inspected *i, size_t n)
{
	const struct inspected_layer *l = &i->layers[n];
	uint64_t waste = inspected_waste(l);
	char size[HUMAN_SIZE];

	printf("\nlayer %zu of %zu%s%s\n", n + 1, i->layer_count, l->from->digest ? " " : "",
		l->from->digest ? l->from->digest : "");
	line("  diff ID", l->from->diff_id);
	line("  media type", l->from->media_type);
	print_size(l->from);
	line("  created", l->step ? l->step->created : NULL);
	line("  made by", l->step ? l->step->created_by : NULL);
	line("  comment", l->step ? l->step->comment : NULL);
	printf("  %-*s%" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " removed; %s\n",
		LABEL - 2, "files", l->counts.added, l->counts.changed, l->counts.removed,
		human_size(l->counts.bytes, size));
	if (waste)
		printf("  %-*s%s that upper layers replace or remove\n", LABEL - 2, "waste",
			human_size(waste, size));
}

static void print_totals(const struct inspected *i)
{
	uint64_t size = 0, bytes = 0, waste = 0;
	char text[3][HUMAN_SIZE];

	for (size_t n = 0; n < i->layer_count; n++) {
		size += i->layers[n].from->size;
		bytes += i->layers[n].counts.bytes;
		waste += inspected_waste(&i->layers[n]);
	}
	printf("\n%zu layers, %s; %s of files, of which %s (%.1f%%) are waste\n",
		i->layer_count, human_size(size, text[0]), human_size(bytes, text[1]),
		human_size(waste, text[2]), bytes ? 100.0 * (double)waste / (double)bytes : 0);
}

static void print_image(const struct inspected *i)
{
	line("image", i->input);
	line("name", image_name(i->image));
	line("kind", image_kind(i->image));
	line("digest", image_digest(i->image));
	print_config(image_config(i->image));
}

int inspect_print(const struct inspected *i, struct err *e)
{
	if (!i->only)
		print_image(i);
	for (size_t n = 0; n < i->layer_count; n++)
		if (inspected_wants(i, n))
			print_layer(i, n);
	if (!i->only)
		print_totals(i);
	if (!i->files)
		return 0;
	(void)putchar('\n');
	return inspect_print_files(i, e);
}
