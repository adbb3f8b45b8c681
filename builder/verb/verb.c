/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "builder/verb/verbs.h"

/* `failed` is the exit status for what could not be done; that of wrong usage is 2. */
static const struct action {
	unsigned bit;
	int failed;
	int (*act)(const struct cbuild_row *, const struct opt_list *, struct err *);
} actions[] = {
	{ VERB_INSPECT, 1, verb_inspect },
	{ VERB_DIFF, 2, verb_diff }, /* as diff(1): 1 is that they differ */
	{ VERB_LAYER, 1, verb_layer },
	{ VERB_COMMIT, 1, verb_commit },
};

enum { STATUS_USAGE = 2 };

static const struct action *action_of(const struct opts_verb *verb)
{
	const struct action *a = actions;

	while (a->bit != verb->bit)
		a++;
	return a;
}

static int show(int what, const struct opts_verb *verb)
{
	if (what == OPTS_HELP)
		opts_help(stdout, cbuild_options(), verb);
	else
		puts("cbuild " VERSION);
	return 0;
}

int verb_main(char **argv)
{
	const struct opts_verb *verb = opts_find_verb(cbuild_options(), argv[0]);
	const struct action *action = action_of(verb);
	struct opt_list operands = { 0 };
	struct cbuild_row row = { 0 };
	struct err e;
	int r = opts_parse(cbuild_options(), verb, argv + 1, &row, &operands, &e);

	if (r < 0)
		r = CBUILD_USAGE;
	else
		r = r == OPTS_RUN ? action->act(&row, &operands, &e) : show(r, verb);
	if (r >= 0 && fflush(stdout))
		r = err_sys(&e, "cannot write to standard output");
	opts_release(cbuild_options(), &row);
	opt_list_release(&operands);
	if (r < 0)
		fprintf(stderr, "cbuild: %s\n", e.text);
	return r == CBUILD_USAGE ? STATUS_USAGE : r < 0 ? action->failed : r;
}
