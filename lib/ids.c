/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ids.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/*
 *	passwd: name:password:uid:gid:comment:home:shell
 *	group:  name:password:gid:member,member,…
 */
enum { FIELDS_MAX = 7 };

struct line {
	struct {
		const char *text;
		size_t length;
	} field[FIELDS_MAX];
	size_t count;
};

/* Splits the line at *at and moves on to the next; false at the end of the text. */
static bool next_line(const char **at, struct line *line)
{
	const char *end = *at + strcspn(*at, "\n");

	if (!**at)
		return false;
	line->count = 0;
	for (const char *from = *at; line->count < FIELDS_MAX; from++) {
		size_t length = strcspn(from, ":\n");

		line->field[line->count].text = from;
		line->field[line->count++].length = length;
		from += length;
		if (from == end)
			break;
	}
	*at = *end ? end + 1 : end;
	return true;
}

static bool same(const struct line *line, size_t i, const char *text, size_t length)
{
	return i < line->count && line->field[i].length == length &&
	       !memcmp(line->field[i].text, text, length);
}

static bool number(const char *text, size_t length, uint32_t *value)
{
	uint64_t n = 0;

	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
		if (n >= UINT32_MAX) /* (uid_t)-1 means nobody at all */
			return false;
	}
	*value = (uint32_t)n;
	return length > 0;
}

static bool number_field(const struct line *line, size_t i, uint32_t *value)
{
	return i < line->count && number(line->field[i].text, line->field[i].length, value);
}

static bool named(const struct line *line, size_t id_field, const char *want, size_t length)
{
	uint32_t have, id;

	if (!number_field(line, id_field, &have))
		return false;
	return same(line, 0, want, length) || (number(want, length, &id) && id == have);
}

static bool is_member(const struct line *line, const char *name, size_t length)
{
	const char *at = line->field[3].text, *end = at + line->field[3].length;

	while (at < end) {
		size_t n = strcspn(at, ",:\n");

		if (n == length && !memcmp(at, name, n))
			return true;
		at += n + 1;
	}
	return false;
}

static void add_groups(struct ids *out, const char *group, const char *name, size_t length)
{
	struct line line;

	while (next_line(&group, &line) && out->group_count < IDS_GROUPS_MAX) {
		if (line.count > 3 && is_member(&line, name, length) &&
			number_field(&line, 2, &out->groups[out->group_count]))
			out->group_count++;
	}
}

static int find_group(
	struct ids *out, const char *group, const char *want, size_t length, struct err *e)
{
	struct line line;

	while (next_line(&group, &line))
		if (named(&line, 2, want, length))
			return number_field(&line, 2, &out->gid) ? 0 : -EINVAL;
	if (number(want, length, &out->gid))
		return 0;
	return err_set(e, -ENOENT, "no group '%s' in the root's /etc/group", want);
}

int ids_resolve(const char *user, const char *passwd, const char *group, struct arena *a,
	struct ids *out, struct err *e)
{
	const char *want = *user ? user : "0", *colon = strchr(want, ':');
	size_t length = colon ? (size_t)(colon - want) : strlen(want);
	struct ids ids = { .home = "/" };
	struct line line;
	bool found = false;

	while (!found && next_line(&passwd, &line))
		found = named(&line, 2, want, length) && number_field(&line, 3, &ids.gid);
	if (found) {
		(void)number_field(&line, 2, &ids.uid);
		if (line.count > 5 && line.field[5].length)
			ids.home = arena_strndup(a, line.field[5].text, line.field[5].length);
	} else if (!number(want, length, &ids.uid)) {
		return err_set(e, -ENOENT, "no user '%.*s' in the root's /etc/passwd",
			(int)length, want);
	}
	if (colon && colon[1]) {
		int r = find_group(&ids, group, colon + 1, strlen(colon + 1), e);

		if (r < 0)
			return r;
	} else if (found) {
		add_groups(&ids, group, line.field[0].text, line.field[0].length);
	}
	*out = ids;
	return 0;
}
