/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cbox/record.h"

/* A change of a record under way: what the files that record_change is made of share. */
struct change {
	struct record *r;
	const struct cbox_row *row;
	const char *const *command;
	int root;
	const struct record_usual *usual;
	struct opt_list env; /* the environment, complete only at the end */
};

/* --env, --env-file, and what every payload finds: PATH, HOSTNAME, TERM. */
int change_environment(struct change *c, struct err *e) must_check;

/* --user, and HOME with it. */
int change_user(struct change *c, struct err *e) must_check;

/* --cap-add, --cap-drop, --security-opt; to be called when the user is known. */
int change_privileges(struct change *c, struct err *e) must_check;

/* The value of a variable of c->env, or NULL. */
const char *change_variable(const struct change *c, const char *name) must_check;

/* Sets "NAME=value", which must live as long as the record. */
void change_set_variable(struct change *c, const char *assignment);
