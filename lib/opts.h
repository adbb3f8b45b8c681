/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Command lines, from one table a program. `folder/options.def` holds one line for each option:
 *
 *	OPT(verbs, KIND, field, 'x', "long-name", "ARG", "what it does, in lower case")
 *
 * and the program makes from it the struct row (OPT_ROW), the table (OPT_LINE) and, through the
 * table, parser, --help, the man page and the shell completions. `verbs` is a mask of the
 * program's own VERB_… bits. KIND is one of the names in OPT_TYPE_…; the field's type follows.
 * Repeating an option replaces its value, except for LIST, which collects.
 *
 * -h and --help, and --version, are every program's and are in no table.
 */

struct opt_list {
	const char **items; /* point into argv; the array is freed by opt_list_release */
	size_t count, capacity;
};

enum opt_kind { OPT_FLAG, OPT_TEXT, OPT_LIST, OPT_NUMBER, OPT_SIZE };

#define OPT_TYPE_FLAG   bool
#define OPT_TYPE_TEXT   const char *
#define OPT_TYPE_LIST   struct opt_list
#define OPT_TYPE_NUMBER long long /* decimal, not negative; -1 where not given */
#define OPT_TYPE_SIZE \
	long long /* bytes; takes k, m, g, t (1024) behind it; -1 where not given */

struct opt {
	unsigned verbs;
	enum opt_kind kind;
	size_t offset;    /* of the field in the program's struct of options */
	char letter;      /* 0: long form only */
	const char *name; /* NULL: letter only */
	const char *arg;  /* NULL for flags */
	const char *help;
};

struct opts_verb {
	unsigned bit;         /* its bit in struct opt's verbs */
	const char *name;     /* NULL: the program itself, without a verb */
	const char *usage;    /* behind program and verb: "[options] IMAGE [command …]" */
	const char *summary;  /* one line, in lower case */
	bool stop_at_operand; /* what follows the first operand belongs to somebody else */
};

struct opts_spec {
	const char *program;
	const char *summary;
	const struct opt *table;
	size_t count;
	const struct opts_verb *verbs;
	size_t verb_count;
};

#define OPT_ROW(verbs, kind, field, letter, name, arg, help) OPT_TYPE_##kind field;
#define OPT_LINE(type, verbs, kind, field, letter, name, arg, help) \
	{ verbs, OPT_##kind, offsetof(type, field), letter, name, arg, help },

enum opts_result { OPTS_RUN = 0, OPTS_HELP = 1, OPTS_VERSION = 2 };

/*
 * Parses argv[0 …] up to a NULL, which starts behind the program's name (and verb). `row` is
 * the program's zeroed struct; NUMBER and SIZE fields are set to -1 first. Operands come back
 * in order in `operands`. Returns an enum opts_result, or -EINVAL for wrong usage (exit 2).
 */
int opts_parse(const struct opts_spec *spec, const struct opts_verb *verb, char **argv,
	void *row, struct opt_list *operands, struct err *e) must_check;

/* The verb of that name; NULL where there is none. A NULL name finds the program itself. */
const struct opts_verb *opts_find_verb(const struct opts_spec *spec, const char *name);

/* Writes --help of one verb, or of the whole program when verb is NULL; fits 80 columns. */
void opts_help(FILE *out, const struct opts_spec *spec, const struct opts_verb *verb);

/* Gives back the lists in a row (LIST fields) of a parsed table. */
void opts_release(const struct opts_spec *spec, void *row);
void opt_list_add(struct opt_list *list, const char *item);
void opt_list_release(struct opt_list *list);

/* A size such as 64m or 2G in bytes. Returns 0 or -EINVAL, -ERANGE. */
int opts_size(const char *text, long long *bytes) must_check;
