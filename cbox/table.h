/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "cbox/facts.h"
#include "lib/attr.h"
#include "lib/err.h"

/* The same root side by side: what `cbox compare` prints. */
enum table_column { TABLE_CONTAINER, TABLE_MACHINE, TABLE_COLUMNS };

struct table {
	const char *root;        /* as the user named it */
	const char *const *argv; /* of the payload */
	const char *accelerator; /* of the machine */
	const struct facts *columns[TABLE_COLUMNS];
};

int table_print(const struct table *t, FILE *out, struct err *e) must_check;
int table_json(const struct table *t, FILE *out, struct err *e) must_check;
