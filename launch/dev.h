/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "launch/plan.h"
#include "lib/attr.h"
#include "lib/err.h"

/* What lies in the container's /dev, an empty tmpfs when these are called. */

/*
 * Makes the nodes and links below `dev`, the descriptor of the new /dev. In a user namespace,
 * which may make no device nodes, the host's own are bound there, once they are known to be
 * what their names say.
 */
int dev_populate(int dev, const struct plan *p, struct err *e) must_check;

/* Makes a terminal in the devpts below `dev`, and /dev/console of it; both ends come back. */
int dev_terminal(
	int dev, const struct plan *p, int *master, int *slave, struct err *e) must_check;

/* The steps in the words of a shell. */
void dev_print(FILE *out, const struct plan *p);
