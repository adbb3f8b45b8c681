/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/change.h"

#include <stdlib.h>
#include <string.h>

#include "lib/signame.h"

/* Lists of the record are arrays in its arena. */
static struct boot_list list_of(struct arena *a, const struct opt_list *from)
{
	const char **items = arena_alloc(a, (from->count + 1) * sizeof(*items));

	if (from->count)
		memcpy(items, from->items, from->count * sizeof(*items));
	return (struct boot_list){ items, from->count };
}

/* docker's rule: --entrypoint drops the image's entrypoint and command both. */
static int command(struct change *c, struct err *e)
{
	struct boot *b = &c->r->boot;
	struct opt_list argv = { 0 };

	if (!c->row->entrypoint && !*c->command) {
		if (!b->argv.count)
			return err_set(e, -EINVAL,
				"the root says no command to run; give one behind it");
		return 0;
	}
	if (c->row->entrypoint)
		opt_list_add(&argv, c->row->entrypoint);
	for (size_t i = 0; !c->row->entrypoint && i < b->entrypoint; i++)
		opt_list_add(&argv, b->argv.items[i]);
	b->entrypoint = (uint32_t)argv.count;
	for (const char *const *word = c->command; *word; word++)
		opt_list_add(&argv, *word);
	b->argv = list_of(&c->r->arena, &argv);
	opt_list_release(&argv);
	return 0;
}

static int directory(struct change *c, struct err *e)
{
	if (!c->row->workdir)
		return 0;
	if (c->row->workdir[0] != '/')
		return err_set(e, -EINVAL, "working directory '%s' is not an absolute path",
			c->row->workdir);
	c->r->boot.cwd = c->row->workdir;
	return 0;
}

/* What sethostname(2) takes, and nothing that surprises whoever prints it. */
static int hostname(struct change *c, struct err *e)
{
	const char *name = c->row->hostname;

	if (!name)
		return 0;
	if (!*name || strlen(name) > 64 ||
		name[strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")])
		return err_set(e, -EINVAL, "'%s' is not a host name", name);
	c->r->boot.hostname = name;
	return 0;
}

static int limit_value(const char *text, size_t length, uint64_t *value)
{
	char *end;

	if ((length == 9 && !memcmp(text, "unlimited", 9)) ||
		(length == 2 && !memcmp(text, "-1", 2)))
		*value = BOOT_UNLIMITED;
	else if (length && text[0] >= '0' && text[0] <= '9') {
		errno = 0;
		*value = strtoull(text, &end, 10);
		return errno || end != text + length ? -EINVAL : 0;
	} else
		return -EINVAL;
	return 0;
}

static int one_limit(struct boot_limits *limits, const char *text, struct err *e)
{
	size_t name = strcspn(text, "="), soft = text[name] ? strcspn(text + name + 1, ":") : 0;
	const char *values = text + name + 1;
	struct boot_limit l = { 0 };
	int resource = boot_limit_resource(text, name);
	size_t i = 0;

	if (resource < 0)
		return err_set(
			e, -EINVAL, "'%.*s' is not the name of a limit", (int)name, text);
	if (!text[name] || limit_value(values, soft, &l.soft) < 0)
		return err_set(e, -EINVAL, "limit '%s' is not NAME=SOFT[:HARD]", text);
	l.resource = (uint32_t)resource;
	l.hard = l.soft;
	if (values[soft] &&
		limit_value(values + soft + 1, strlen(values + soft + 1), &l.hard) < 0)
		return err_set(e, -EINVAL, "limit '%s' is not NAME=SOFT[:HARD]", text);
	if (l.soft > l.hard)
		return err_set(e, -EINVAL, "limit '%s': soft limit above the hard one", text);
	while (i < limits->count && limits->items[i].resource != l.resource)
		i++;
	if (i == BOOT_LIMITS_MAX)
		return err_set(e, -E2BIG, "too many limits");
	limits->items[i] = l;
	limits->count += i == limits->count;
	return 0;
}

static int limits(struct change *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < c->row->ulimit.count && r == 0; i++)
		r = one_limit(&c->r->boot.limits, c->row->ulimit.items[i], e);
	return r;
}

static int ending(struct change *c, struct err *e)
{
	struct boot *b = &c->r->boot;

	if (c->row->stop_signal) {
		int number = signal_number(c->row->stop_signal);

		if (number < 0)
			return err_set(e, number, "'%s' is not a signal", c->row->stop_signal);
		b->stop_signal = (uint32_t)number;
	}
	if (c->row->stop_timeout > UINT32_MAX / 1000 - 1)
		return err_set(e, -ERANGE, "%lld seconds are too long", c->row->stop_timeout);
	if (c->row->stop_timeout >= 0)
		b->grace = (uint32_t)c->row->stop_timeout * 1000;
	return 0;
}

static int streams(struct change *c, struct err *e)
{
	(void)e;
	c->r->boot.terminal = c->row->tty;
	c->r->boot.no_stdin = !c->row->interactive && !c->row->tty;
	return 0;
}

static int keep_environment(struct change *c, struct err *e)
{
	(void)e;
	c->r->boot.env = list_of(&c->r->arena, &c->env);
	return 0;
}

int record_change(struct record *r, const struct cbox_row *row, const char *const *words,
	int root, const struct record_usual *usual, struct err *e)
{
	static int (*const steps[])(struct change *, struct err *) = { command, directory,
		hostname, limits, ending, streams, change_environment, change_user,
		change_privileges, keep_environment };
	struct change c = { r, row, words, root, usual, { 0 } };
	int code = 0;

	for (size_t i = 0; i < ARRAY_LEN(steps) && code == 0; i++)
		code = steps[i](&c, e);
	opt_list_release(&c.env);
	return code;
}
