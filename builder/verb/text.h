/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/json.h"

/*
 * What is told of files and images, in words that a person reads. Names are an image's, so
 * nothing in them may drive a terminal, add a line, or pass for something else.
 */

/*
 * Puts text as it is where it is UTF-8; control characters, backslashes and bytes that are no
 * UTF-8 as \xNN.
 */
void text_put(struct buf *b, const char *text);

/* Whether it is UTF-8, as RFC 3629 has it. */
bool text_is_utf8(const char *text);

/* Puts "-rwxr-xr-x", as ls(1) shows type and mode. */
void text_put_mode(struct buf *b, const struct inode *i);

/* "file", "directory", … */
const char *text_type(enum inode_type type);

/* Puts an attribute's value: a file's capabilities by name, what is printable as text, else
 * hex. */
void text_put_xattr(struct buf *b, const struct xattr *x);

/* A JSON string of it; what is no UTF-8 is a string as text_put has it. The caller's. */
json_t *text_json(const char *text) must_check;

/*
 * Sets a member that is a name or path: KEY as text_json has it and, where that is not the
 * bytes themselves, KEY_hex with them.
 */
void text_json_name(json_t *object, const char *key, const char *name);
