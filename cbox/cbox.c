/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cbox/options.h"
#include "cbox/verbs.h"
#include "lib/err.h"

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

static const struct {
	unsigned bit;
	int (*act)(const struct cbox_row *, const struct opt_list *, struct err *);
} actions[] = {
	{ VERB_RUN, cbox_run },
	{ VERB_BOOT, cbox_boot },
	{ VERB_COMPARE, cbox_compare },
};

static int complain(int status, const struct err *e)
{
	fprintf(stderr, "cbox: %s\n", e->text);
	return status;
}

static int act(const struct opts_verb *verb, const struct cbox_row *row,
	const struct opt_list *operands, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (actions[i].bit == verb->bit)
			return actions[i].act(row, operands, e);
	return err_set(e, -ENOSYS, "verb '%s' does nothing", verb->name);
}

static int show(int what, const struct opts_verb *verb, struct err *e)
{
	if (what == OPTS_HELP)
		opts_help(stdout, cbox_options(), verb);
	else
		puts("cbox " VERSION);
	return fflush(stdout) ? err_sys(e, "cannot write to standard output") : 0;
}

static int run_verb(const struct opts_verb *verb, char **argv, struct err *e)
{
	struct opt_list operands = { 0 };
	struct cbox_row row = { 0 };
	int r = opts_parse(cbox_options(), verb, argv, &row, &operands, e);

	if (r < 0)
		r = CBOX_USAGE;
	else if (r == OPTS_RUN)
		r = act(verb, &row, &operands, e);
	else
		r = show(r, verb, e);
	opts_release(cbox_options(), &row);
	opt_list_release(&operands);
	return r;
}

/* The words that may stand where a verb does. */
static int without_verb(const char *word, struct err *e)
{
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return show(OPTS_HELP, NULL, e);
	if (!strcmp(word, "--version"))
		return show(OPTS_VERSION, NULL, e);
	return err_set(e, CBOX_USAGE, "unknown command '%s'; see 'cbox --help'", word);
}

int main(int argc, char **argv)
{
	const struct opts_verb *verb;
	struct err e;
	int r;

	if (argc < 2) {
		(void)err_set(&e, CBOX_USAGE, "no command; see 'cbox --help'");
		return complain(STATUS_USAGE, &e);
	}
	verb = opts_find_verb(cbox_options(), argv[1]);
	r = verb ? run_verb(verb, argv + 2, &e) : without_verb(argv[1], &e);
	if (r < 0)
		return complain(r == CBOX_USAGE ? STATUS_USAGE : STATUS_FAILED, &e);
	return r;
}
