/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/output/output.h"
#include "lib/attr.h"
#include "lib/err.h"
#include "lib/io.h"

/*
 * Writes what cbuild and its verbs write: to standard output for "-", else to a place that is
 * whole in the end or not there.
 */
struct write_to {
	int fd;              /* of the kind that the format has; -1: only look */
	const char *scratch; /* host directory for scratch files, or NULL */
	const struct file_id
		*own; /* the host's files that are the output: no part of an input */
	size_t own_count;
};

typedef int write_function(const struct write_to *to, void *context, struct err *e);

struct write_request {
	const char *path;
	const struct output_format *format;
	bool force; /* replaces what is there */
	write_function *write;
	void *context;
};

/*
 * Calls `write`, in a process of its own where there is something to be cleaned up. A signal
 * that ends it ends us too.
 */
int write_output(const struct write_request *w, struct err *e) must_check;
