/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/opts.h"

#include <string.h>

enum { WIDTH = 80, HELP_COLUMN = 26 };

/* Writes text from `column` on, broken between words, further lines indented to HELP_COLUMN. */
static void wrapped(FILE *out, const char *text)
{
	int column = HELP_COLUMN;

	while (*text) {
		int word = (int)strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + word >= WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		column += fprintf(out, "%s%.*s", column > HELP_COLUMN ? " " : "", word, text);
		text += word + (text[word] == ' ');
	}
	fputc('\n', out);
}

static void option(FILE *out, const struct opt *o)
{
	char left[64];
	int n = 0;

	n += snprintf(left, sizeof(left), "  ");
	if (o->letter)
		n += snprintf(left + n, sizeof(left) - (size_t)n, "-%c%s", o->letter,
			o->name ? ", " : "");
	else
		n += snprintf(left + n, sizeof(left) - (size_t)n, "    ");
	if (o->name)
		n += snprintf(left + n, sizeof(left) - (size_t)n, "--%s", o->name);
	if (o->arg)
		n += snprintf(left + n, sizeof(left) - (size_t)n, " %s", o->arg);
	fputs(left, out);
	if (n + 1 >= HELP_COLUMN) {
		fputc('\n', out);
		n = 0;
	}
	fprintf(out, "%*s", HELP_COLUMN - n, "");
	wrapped(out, o->help);
}

static void usage(
	FILE *out, const char *lead, const struct opts_spec *spec, const struct opts_verb *v)
{
	fprintf(out, "%s%s%s%s %s\n", lead, spec->program, v->name ? " " : "",
		v->name ? v->name : "", v->usage);
}

void opts_help(FILE *out, const struct opts_spec *spec, const struct opts_verb *verb)
{
	static const struct opt common[] = {
		{ 0, OPT_FLAG, 0, 'h', "help", NULL, "print this and exit" },
		{ 0, OPT_FLAG, 0, 0, "version", NULL, "print the version and exit" },
	};

	if (verb) {
		usage(out, "usage: ", spec, verb);
		for (size_t i = 0; !verb->name && i < spec->verb_count; i++)
			if (spec->verbs[i].name)
				usage(out, "       ", spec, &spec->verbs[i]);
		fprintf(out, "%s\n\n", verb->summary);
	} else {
		for (size_t i = 0; i < spec->verb_count; i++)
			usage(out, i ? "       " : "usage: ", spec, &spec->verbs[i]);
		fprintf(out, "%s\n\n", spec->summary);
	}
	for (size_t i = 0; verb && i < spec->count; i++)
		if (spec->table[i].verbs & verb->bit)
			option(out, &spec->table[i]);
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		option(out, &common[i]);
}
