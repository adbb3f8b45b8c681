/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json.h"

#include <stdbool.h>

enum { DEPTH_MAX = 64 };

/*
 * jansson recurses as deep as its own limit of 2048; this one is ours, counted on the raw text
 * so that nothing deep is ever built.
 */
static bool too_deep(const char *bytes, size_t size)
{
	bool text = false;
	size_t depth = 0;

	for (size_t i = 0; i < size; i++) {
		if (text && bytes[i] == '\\')
			i++;
		else if (bytes[i] == '"')
			text = !text;
		else if (!text && (bytes[i] == '[' || bytes[i] == '{') && ++depth > DEPTH_MAX)
			return true;
		else if (!text && (bytes[i] == ']' || bytes[i] == '}') && depth)
			depth--;
	}
	return false;
}

int json_read(const char *bytes, size_t size, const char *what, json_t **out, struct err *e)
{
	json_error_t why;
	json_t *j;

	if (too_deep(bytes, size))
		return err_set(e, -EINVAL, "%s: JSON nested deeper than %d", what, DEPTH_MAX);
	j = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &why);
	if (!j)
		return err_set(e, -EINVAL, "%s: line %d: %s", what, why.line, why.text);
	*out = j;
	return 0;
}

static json_t *member(const json_t *object, const char *key)
{
	json_t *m = json_object_get(object, key);

	return json_is_null(m) ? NULL : m;
}

int json_member_text(const json_t *object, const char *key, const char **out, struct err *e)
{
	const json_t *m = member(object, key);

	if (m && !json_is_string(m))
		return err_set(e, -EINVAL, "'%s' is not a string", key);
	*out = m ? json_string_value(m) : NULL;
	return 0;
}

int json_member_object(const json_t *object, const char *key, json_t **out, struct err *e)
{
	json_t *m = member(object, key);

	if (m && !json_is_object(m))
		return err_set(e, -EINVAL, "'%s' is not an object", key);
	*out = m;
	return 0;
}

int json_member_array(const json_t *object, const char *key, json_t **out, struct err *e)
{
	json_t *m = member(object, key);

	if (m && !json_is_array(m))
		return err_set(e, -EINVAL, "'%s' is not an array", key);
	*out = m;
	return 0;
}

int json_member_texts(const json_t *object, const char *key, json_t **out, struct err *e)
{
	size_t i;
	json_t *item;
	int r = json_member_array(object, key, out, e);

	if (r < 0)
		return r;
	json_array_foreach(*out, i, item) if (!json_is_string(item)) return err_set(
		e, -EINVAL, "'%s' holds something that is not a string", key);
	return 0;
}
