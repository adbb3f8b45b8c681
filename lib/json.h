/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * JSON read with limits, through jansson: duplicate keys, rubbish behind the value and a
 * nesting of more than 64 are errors. Getters name the key that is wrong.
 */
static inline void json_release(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}

#define auto_json released_by(json_release)

/* The value that `size` bytes hold, owned by the caller; `what` is named in the error. */
int json_read(const char *bytes, size_t size, const char *what, json_t **out,
	struct err *e) must_check;

/*
 * A member of an object; a missing one (or null) leaves *out NULL (or the array empty) and is
 * not an error, one of another type is. What comes back is borrowed from `object`.
 */
int json_member_text(
	const json_t *object, const char *key, const char **out, struct err *e) must_check;
int json_member_object(
	const json_t *object, const char *key, json_t **out, struct err *e) must_check;
int json_member_array(
	const json_t *object, const char *key, json_t **out, struct err *e) must_check;

/* As json_member_array, and every item must be a string without NUL. */
int json_member_texts(
	const json_t *object, const char *key, json_t **out, struct err *e) must_check;
