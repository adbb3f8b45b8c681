/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "builder/adjust.h"

static bool number(const char **at, uint32_t max, uint32_t *out)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	value = strtoull(*at, &end, 10);
	if (errno || value > max)
		return false;
	*out = (uint32_t)value;
	*at = end;
	return true;
}

static bool colon(const char **at)
{
	return *(*at)++ == ':';
}

int adjust_parse_owner(const char *text, struct adjust *a, struct err *e)
{
	const char *at = text;
	uint32_t uid = 0, gid;
	bool good = number(&at, UINT32_MAX - 1, &uid);

	gid = uid;
	if (good && *at)
		good = colon(&at) && number(&at, UINT32_MAX - 1, &gid) && !*at;
	if (!good)
		return err_set(e, -EINVAL, "'%s' is not an owner such as 0:0", text);
	a->own = true;
	a->uid = uid;
	a->gid = gid;
	return 0;
}

int adjust_parse_range(const char *text, struct id_map *map, struct err *e)
{
	struct id_range r = { .count = 1 };
	const char *at = text;
	bool good = number(&at, UINT32_MAX - 1, &r.inside) && colon(&at) &&
		    number(&at, UINT32_MAX - 1, &r.outside);

	if (good && *at)
		good = colon(&at) && number(&at, UINT32_MAX, &r.count) && !*at;
	if (!good || !r.count || r.count > UINT32_MAX - r.inside ||
		r.count > UINT32_MAX - r.outside)
		return err_set(
			e, -EINVAL, "'%s' is not a range of ids such as 0:100000:65536", text);
	if (map->count == ADJUST_RANGES_MAX)
		return err_set(e, -E2BIG, "more than %d ranges of ids", (int)ADJUST_RANGES_MAX);
	map->ranges[map->count++] = r;
	return 0;
}

static bool calendar(const char *text, struct timespec *time)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d" };

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, formats[i], &tm);

		if (!end || *end)
			continue;
		*time = (struct timespec){ .tv_sec = timegm(&tm) };
		return true;
	}
	return false;
}

int adjust_parse_time(const char *text, struct timespec *time, struct err *e)
{
	const char *digits = text + (text[0] == '@');
	size_t length = strlen(digits);
	char *end;
	long long seconds;

	/* A minus sign is a time before 1970; no file system holds more digits. */
	seconds = strtoll(digits, &end, 10);
	if (length && length < 15 && !*end && !isspace((unsigned char)digits[0])) {
		*time = (struct timespec){ .tv_sec = seconds };
		return 0;
	}
	if (calendar(text, time))
		return 0;
	return err_set(e, -EINVAL,
		"'%s' is not a time: give seconds since 1970, or a date such as 2026-01-31",
		text);
}
