/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/opts.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct parse {
	const struct opts_spec *spec;
	const struct opts_verb *verb;
	char *row;
	int at;
	char **argv;
};

void opt_list_add(struct opt_list *list, const char *item)
{
	list->items = xgrow(
		list->items, &list->capacity, list->count + 2, sizeof(*list->items));
	list->items[list->count++] = item;
	list->items[list->count] = NULL;
}

void opt_list_release(struct opt_list *list)
{
	if (!list)
		return;
	free(list->items);
	*list = (struct opt_list){ 0 };
}

static int number(const char *text, long long *value, const char **end)
{
	char *stop;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*value = strtoll(text, &stop, 10);
	*end = stop;
	return errno ? -ERANGE : 0;
}

int opts_size(const char *text, long long *bytes)
{
	static const char units[] = "kmgt";
	const char *end, *unit;
	long long value;
	int r = number(text, &value, &end);

	if (r < 0)
		return r;
	unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
	for (long i = unit ? unit - units + 1 : 0; i > 0; i--) {
		if (value > LLONG_MAX / 1024)
			return -ERANGE;
		value *= 1024;
	}
	if (unit)
		end++;
	if (unit && !strcmp(end, "iB"))
		end += 2;
	else if (*end == 'b' || *end == 'B')
		end++;
	if (*end)
		return -EINVAL;
	*bytes = value;
	return 0;
}

static int assign(const struct parse *p, const struct opt *o, const char *shown,
	const char *value, struct err *e)
{
	void *field = p->row + o->offset;
	const char *end = "";
	int r = 0;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)field = true;
		break;
	case OPT_TEXT:
		*(const char **)field = value;
		break;
	case OPT_LIST:
		opt_list_add(field, value);
		break;
	case OPT_NUMBER:
		r = number(value, field, &end);
		break;
	case OPT_SIZE:
		r = opts_size(value, field);
		break;
	}
	if (r < 0 || *end)
		return err_set(e, -EINVAL, "%s: '%s' is not a %s", shown, value,
			o->kind == OPT_SIZE ? "size such as 512m" : "number");
	return 0;
}

static const struct opt *find_long(const struct parse *p, const char *name, size_t length)
{
	for (size_t i = 0; i < p->spec->count; i++) {
		const struct opt *o = &p->spec->table[i];

		if ((o->verbs & p->verb->bit) && o->name && strlen(o->name) == length &&
			!memcmp(o->name, name, length))
			return o;
	}
	return NULL;
}

static const struct opt *find_letter(const struct parse *p, char letter)
{
	for (size_t i = 0; i < p->spec->count; i++) {
		const struct opt *o = &p->spec->table[i];

		if ((o->verbs & p->verb->bit) && o->letter == letter)
			return o;
	}
	return NULL;
}

static int no_such(const struct parse *p, const char *shown, struct err *e)
{
	return err_set(e, -EINVAL, "unknown option '%s'; see '%s%s%s --help'", shown,
		p->spec->program, p->verb->name ? " " : "", p->verb->name ? p->verb->name : "");
}

static int next_value(struct parse *p, const char *shown, const char **value, struct err *e)
{
	if (!p->argv[p->at])
		return err_set(e, -EINVAL, "option '%s' needs a value", shown);
	*value = p->argv[p->at++];
	return 0;
}

static int long_option(struct parse *p, const char *word, struct err *e)
{
	const char *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	const struct opt *o = find_long(p, word + 2, length - 2);
	char shown[64];

	(void)snprintf(shown, sizeof(shown), "%.*s", (int)length, word);
	if (!o)
		return no_such(p, shown, e);
	if (o->kind == OPT_FLAG && value)
		return err_set(e, -EINVAL, "option '%s' takes no value", shown);
	if (o->kind != OPT_FLAG && !value) {
		int r = next_value(p, shown, &value, e);

		if (r < 0)
			return r;
	}
	return assign(p, o, shown, value, e);
}

/* A bundle such as -it, the last of which may have its value behind it: -fcpio. */
static int short_options(struct parse *p, const char *word, struct err *e)
{
	for (const char *c = word + 1; *c; c++) {
		const struct opt *o = find_letter(p, *c);
		char shown[] = { '-', *c, '\0' };
		const char *value = NULL;
		int r;

		if (!o)
			return no_such(p, shown, e);
		if (o->kind != OPT_FLAG) {
			value = c[1] ? c + 1 : NULL;
			r = value ? 0 : next_value(p, shown, &value, e);
			if (r < 0)
				return r;
			return assign(p, o, shown, value, e);
		}
		r = assign(p, o, shown, NULL, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static void set_defaults(const struct parse *p)
{
	for (size_t i = 0; i < p->spec->count; i++) {
		const struct opt *o = &p->spec->table[i];

		if (o->kind == OPT_NUMBER || o->kind == OPT_SIZE)
			*(long long *)(void *)(p->row + o->offset) = -1;
	}
}

int opts_parse(const struct opts_spec *spec, const struct opts_verb *verb, char **argv,
	void *row, struct opt_list *operands, struct err *e)
{
	struct parse p = { spec, verb, row, 0, argv };
	bool options = true;

	set_defaults(&p);
	while (p.argv[p.at]) {
		const char *word = p.argv[p.at++];
		int r;

		if (!options || word[0] != '-' || !word[1]) {
			opt_list_add(operands, word);
			if (verb->stop_at_operand)
				options = false;
			continue;
		}
		if (!strcmp(word, "--")) {
			options = false;
			continue;
		}
		if (!strcmp(word, "--help"))
			return OPTS_HELP;
		if (!strcmp(word, "-h") && !find_letter(&p, 'h'))
			return OPTS_HELP;
		if (!strcmp(word, "--version"))
			return OPTS_VERSION;
		r = word[1] == '-' ? long_option(&p, word, e) : short_options(&p, word, e);
		if (r < 0)
			return r;
	}
	return OPTS_RUN;
}

const struct opts_verb *opts_find_verb(const struct opts_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->verb_count; i++) {
		const char *have = spec->verbs[i].name;

		if (name && have ? !strcmp(have, name) : name == have)
			return &spec->verbs[i];
	}
	return NULL;
}

void opts_release(const struct opts_spec *spec, void *row)
{
	for (size_t i = 0; i < spec->count; i++) {
		const struct opt *o = &spec->table[i];

		if (o->kind == OPT_LIST)
			opt_list_release((void *)((char *)row + o->offset));
	}
}
