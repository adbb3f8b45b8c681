/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cbox/change.h"
#include "lib/auto.h"
#include "lib/io.h"

enum { ENV_FILE_MAX = 1024 * 1024 };

static const char usual_path[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* Where the variable that `text` begins with stands; c->env.count when it does not. */
static size_t find(const struct change *c, const char *text, size_t length)
{
	size_t i = 0;

	for (; i < c->env.count; i++) {
		const char *have = c->env.items[i];

		if (!strncmp(have, text, length) && have[length] == '=')
			break;
	}
	return i;
}

const char *change_variable(const struct change *c, const char *name)
{
	size_t length = strlen(name), i = find(c, name, length);

	return i < c->env.count ? c->env.items[i] + length + 1 : NULL;
}

void change_set_variable(struct change *c, const char *assignment)
{
	size_t i = find(c, assignment, strcspn(assignment, "="));

	if (i < c->env.count)
		c->env.items[i] = assignment;
	else
		opt_list_add(&c->env, assignment);
}

/* "NAME=value", or "NAME" for ours, which is left out where we have none. */
static int set(struct change *c, const char *text, struct err *e)
{
	size_t length = strcspn(text, "=");
	const char *ours;

	if (!length)
		return err_set(
			e, -EINVAL, "'%s' does not begin with the name of a variable", text);
	ours = text[length] ? NULL : getenv(text);
	if (text[length])
		change_set_variable(c, text);
	else if (ours)
		change_set_variable(c, arena_printf(&c->r->arena, "%s=%s", text, ours));
	return 0;
}

static int set_from_file(struct change *c, const char *path, struct err *e)
{
	auto_buf struct buf text = { 0 };
	int r = io_load(AT_FDCWD, path, &text, ENV_FILE_MAX, e);
	unsigned number = 0;

	if (r < 0)
		return r;
	if (text.size && strlen(text.bytes) != text.size)
		return err_set(e, -EINVAL, "'%s' holds a NUL", path);
	for (const char *at = text.bytes; at && *at;) {
		size_t length = strcspn(at, "\n");
		const char *line = arena_strndup(&c->r->arena, at, length);

		number++;
		if (*line && *line != '#')
			r = set(c, line, e);
		if (r < 0)
			return err_at(e, r, "'%s': line %u: ", path, number);
		at += length + (at[length] == '\n');
	}
	return 0;
}

static void set_if_missing(struct change *c, const char *name, const char *assignment)
{
	if (!change_variable(c, name))
		change_set_variable(c, assignment);
}

int change_environment(struct change *c, struct err *e)
{
	const struct boot *b = &c->r->boot;
	int r = 0;

	for (size_t i = 0; i < b->env.count; i++)
		opt_list_add(&c->env, b->env.items[i]);
	for (size_t i = 0; i < c->row->env_file.count && r == 0; i++)
		r = set_from_file(c, c->row->env_file.items[i], e);
	for (size_t i = 0; i < c->row->env.count && r == 0; i++)
		r = set(c, c->row->env.items[i], e);
	set_if_missing(c, "PATH", usual_path);
	if (b->terminal)
		set_if_missing(c, "TERM", "TERM=xterm");
	if (b->hostname)
		set_if_missing(
			c, "HOSTNAME", arena_printf(&c->r->arena, "HOSTNAME=%s", b->hostname));
	return r;
}
