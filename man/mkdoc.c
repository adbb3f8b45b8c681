/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <string.h>

#include "builder/options.h"
#include "cbox/options.h"
#include "lib/opts.h"

/*
 * Makes the manual pages and the shell completions from the tables that parse the options:
 *
 *	mkdoc page < man/cbuild.1.in     lines that start with @ are replaced:
 *		@OPTIONS program [verb]  the options as tagged paragraphs
 *		@FIELDS                  the fields of the boot record
 *	mkdoc completion cbuild          a bash completion
 */

static const struct opts_spec *(*const programs[])(void) = { cbuild_options, cbox_options };

static const struct {
	const char *letter, *name, *arg, *help;
} init_options[] = {
#define OPTION(letter, name, arg, action, help) { letter, name, arg, help },
#include "init/options.def"
#undef OPTION
};

static const struct {
	const char *key, *doc;
} fields[] = {
#define FIELD(kind, member, key, doc) { key, doc },
#include "boot/fields.def"
#undef FIELD
};

static const struct opts_spec *find_program(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (!strcmp(programs[i]()->program, name))
			return programs[i]();
	return NULL;
}

/* Text for roff: backslashes and hyphens are special, and so is a dot that begins a line. */
static void put_roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
	}
}

static void put_option(const char *letter, const char *name, const char *arg, const char *help)
{
	fputs(".TP\n\\fB", stdout);
	if (*letter) {
		put_roff("-");
		put_roff(letter);
	}
	if (*letter && *name)
		fputs("\\fR, \\fB", stdout);
	if (*name) {
		put_roff("--");
		put_roff(name);
	}
	fputs("\\fR", stdout);
	if (*arg) {
		fputs(" \\fI", stdout);
		put_roff(arg);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	put_roff(help);
	putchar('\n');
}

static int put_options(const char *program, const char *verb)
{
	const struct opts_spec *spec;
	const struct opts_verb *v;

	if (!strcmp(program, "cinit")) {
		for (size_t i = 0; i < ARRAY_LEN(init_options); i++)
			put_option(init_options[i].letter, init_options[i].name,
				init_options[i].arg, init_options[i].help);
		return 0;
	}
	spec = find_program(program);
	v = spec ? opts_find_verb(spec, verb) : NULL;
	if (!v) {
		fprintf(stderr, "mkdoc: no options of '%s %s'\n", program, verb ? verb : "");
		return -1;
	}
	for (size_t i = 0; i < spec->count; i++) {
		const struct opt *o = &spec->table[i];
		char letter[2] = { o->letter, '\0' };

		if (o->verbs & v->bit)
			put_option(
				letter, o->name ? o->name : "", o->arg ? o->arg : "", o->help);
	}
	return 0;
}

static int put_directive(char *line)
{
	char *program, *verb;

	if (!strcmp(line, "@FIELDS")) {
		for (size_t i = 0; i < ARRAY_LEN(fields); i++)
			put_option("", fields[i].key, "", fields[i].doc);
		return 0;
	}
	program = strtok(line, " ");
	if (!program || strcmp(program, "@OPTIONS") != 0) {
		fprintf(stderr, "mkdoc: unknown line '%s'\n", line);
		return -1;
	}
	program = strtok(NULL, " ");
	verb = strtok(NULL, " ");
	return put_options(program ? program : "", verb);
}

static int make_page(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		if (line[0] != '@') {
			fputs(line, stdout);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if (put_directive(line) < 0)
			return 1;
	}
	return 0;
}

static void put_words(const struct opts_spec *spec, const struct opts_verb *v)
{
	fputs("--help --version", stdout);
	for (size_t i = 0; i < spec->count; i++)
		if (spec->table[i].verbs & v->bit && spec->table[i].name)
			printf(" --%s", spec->table[i].name);
}

/* Words that begin with - are options of the verb; the others are verbs, then files. */
static int make_completion(const char *program)
{
	const struct opts_spec *spec = find_program(program);

	if (!spec)
		return 1;
	printf("_%s() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words\n"
	       "\tcase $verb in\n",
		program);
	for (size_t i = 0; i < spec->verb_count; i++) {
		const struct opts_verb *v = &spec->verbs[i];

		if (!v->name)
			continue;
		printf("\t%s) words='", v->name);
		put_words(spec, v);
		printf("' ;;\n");
	}
	printf("\t*) words='");
	if (opts_find_verb(spec, NULL))
		put_words(spec, opts_find_verb(spec, NULL));
	else
		fputs("--help --version", stdout);
	printf("' ;;\n\tesac\n\tif [[ $word == -* ]]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	       "\telif ((COMP_CWORD == 1)); then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t i = 0; i < spec->verb_count; i++)
		if (spec->verbs[i].name)
			printf("%s ", spec->verbs[i].name);
	printf("' -- \"$word\"; compgen -f -- \"$word\")\n"
	       "\telse\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n\tfi\n}\n"
	       "complete -o filenames -F _%s %s\n",
		program, program);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "page"))
		return make_page();
	if (argc == 3 && !strcmp(argv[1], "completion"))
		return make_completion(argv[2]);
	fputs("usage: mkdoc page < page.in | mkdoc completion PROGRAM\n", stderr);
	return 2;
}
