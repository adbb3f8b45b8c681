/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/output/output.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * A file system's name for itself, from what is in it: names, attributes and times of the tree,
 * and where they came from. The same tree has the same.
 */
enum { OUTPUT_ID = 32 };

/* Of the bytes, the first 16 are a UUID (RFC 9562, version 8); the others any that it needs. */
int output_identify(
	const struct output *o, unsigned char id[OUTPUT_ID], struct err *e) must_check;
