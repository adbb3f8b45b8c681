/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/boot.h"

#include <errno.h>
#include <string.h>

#include "boot/fields.h"

/*
 *	#cinit-boot 1 LF
 *	key = value NUL LF
 *	…
 *	end = NUL LF
 */

static const char *parse_number(const char *text, unsigned base, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;

	if (!*text)
		return "not a number";
	for (; *text; text++) {
		unsigned digit = 99;

		if (*text >= '0' && *text <= '9')
			digit = (unsigned)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			digit = (unsigned)(*text - 'a' + 10);
		if (digit >= base)
			return "not a number";
		if (digit > max || n > (max - digit) / base)
			return "number too large";
		n = n * base + digit;
	}
	*value = n;
	return NULL;
}

static const char *parse_u32(const char *text, unsigned base, uint32_t max, uint32_t *value)
{
	uint64_t wide = 0;
	const char *why = parse_number(text, base, max, &wide);

	if (!why)
		*value = (uint32_t)wide;
	return why;
}

static const char *parse_word(
	const char *text, const char *const *words, unsigned count, unsigned *value)
{
	for (unsigned i = 0; i < count; i++) {
		if (words[i] && !strcmp(words[i], text)) {
			*value = i;
			return NULL;
		}
	}
	return "not a word that is known here";
}

static const char *add_item(struct boot *b, struct boot_list *list, const char *text)
{
	const char **end = &b->strings[b->string_count];

	/* The items of a list stand together in `strings`, with its NULL behind them. */
	if (list->count && list->items + list->count + 1 != end)
		return "interrupted by another list";
	if (b->string_count + (list->count ? 1 : 2) > BOOT_STRINGS_MAX)
		return "too many items";
	if (list->count)
		end--;
	else
		list->items = end;
	end[0] = text;
	end[1] = NULL;
	list->count++;
	b->string_count = (size_t)(end + 2 - b->strings);
	return NULL;
}

static const char *add_id(struct boot_ids *ids, const char *text)
{
	const char *why;

	if (ids->count == BOOT_GROUPS_MAX)
		return "too many";
	why = parse_u32(text, 10, UINT32_MAX - 1, &ids->items[ids->count]);
	if (!why)
		ids->count++;
	return why;
}

static const char *parse_limit_value(char *text, uint64_t *value)
{
	if (!strcmp(text, "unlimited")) {
		*value = BOOT_UNLIMITED;
		return NULL;
	}
	return parse_number(text, 10, UINT64_MAX - 1, value);
}

static const char *add_limit(struct boot_limits *limits, char *text)
{
	char *equals = strchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL;
	struct boot_limit *l = &limits->items[limits->count];
	const char *why;
	int resource;

	if (limits->count == BOOT_LIMITS_MAX)
		return "too many";
	if (!equals || !colon)
		return "not NAME=SOFT:HARD";
	resource = boot_limit_resource(text, (size_t)(equals - text));
	if (resource < 0)
		return "not the name of a limit";
	*colon = '\0';
	why = parse_limit_value(equals + 1, &l->soft);
	if (!why)
		why = parse_limit_value(colon + 1, &l->hard);
	if (!why && l->soft > l->hard)
		why = "soft limit above the hard one";
	*colon = ':';
	l->resource = (uint32_t)resource;
	if (!why)
		limits->count++;
	return why;
}

static const char *add_mount(struct boot_mounts *mounts, const char *target)
{
	if (mounts->count == BOOT_MOUNTS_MAX)
		return "too many";
	if (target[0] != '/')
		return "not an absolute path";
	mounts->items[mounts->count++].target = target;
	return NULL;
}

static const char *set_mount(struct boot_mounts *mounts, uint32_t offset, const char *text)
{
	if (!mounts->count)
		return "stands before any mount";
	*(const char **)(void *)((char *)&mounts->items[mounts->count - 1] + offset) = text;
	return NULL;
}

static const char *set_field(struct boot *b, const struct field *f, char *text)
{
	void *member = (char *)b + f->offset;
	unsigned word = 0;
	const char *why;

	switch (f->kind) {
	case KIND_TEXT:
		*(const char **)member = text;
		return NULL;
	case KIND_LIST:
		return add_item(b, member, text);
	case KIND_U32:
		return parse_u32(text, 10, UINT32_MAX - 1, member);
	case KIND_U64:
		return parse_number(text, 10, UINT64_MAX - 1, member);
	case KIND_OCTAL:
		return parse_u32(text, 8, 0777, member);
	case KIND_HEX:
		return parse_number(text, 16, UINT64_MAX - 1, member);
	case KIND_BOOL:
		why = parse_u32(text, 10, 1, &word);
		*(bool *)member = word;
		return why;
	case KIND_IDS:
		return add_id(member, text);
	case KIND_LIMITS:
		return add_limit(member, text);
	case KIND_MOUNTS:
		return add_mount(member, text);
	case KIND_MOUNT:
		return set_mount(&b->mounts, f->offset, text);
	case KIND_ROOT_MODE:
		why = parse_word(text, boot_root_mode_words, 3, &word);
		*(enum boot_root_mode *)member = (enum boot_root_mode)word;
		return why;
	case KIND_FINISH:
		why = parse_word(text, boot_finish_words, 5, &word);
		*(enum boot_finish *)member = (enum boot_finish)word;
		return why;
	}
	return "unknown kind of field";
}

static const char *set_key(struct boot *b, const char *key, char *value)
{
	for (size_t i = 0; i < boot_field_count; i++)
		if (!strcmp(boot_fields[i].key, key))
			return set_field(b, &boot_fields[i], value);
	return "unknown key";
}

static const char *check(const struct boot *b)
{
	if (!b->argv.count && b->finish == BOOT_FINISH_EXEC)
		return "finish=exec without argv";
	if (b->entrypoint > b->argv.count)
		return "entrypoint is longer than argv";
	if (b->cwd[0] != '/')
		return "cwd is not an absolute path";
	if (b->stop_signal < 1 || b->stop_signal > 64)
		return "stop_signal is not the number of a signal";
	if (b->seed && strlen(b->seed) > 2 * BOOT_SEED_MAX)
		return "seed is too long";
	return NULL;
}

static int refuse(struct boot_error *error, const char *why, const char *key, size_t offset)
{
	*error = (struct boot_error){ why, key, offset };
	return -EINVAL;
}

int boot_decode(struct boot *b, char *bytes, size_t size, struct boot_error *error)
{
	static const size_t magic = sizeof(BOOT_MAGIC) - 1;
	const char *why;

	boot_init(b);
	if (size > BOOT_SIZE_MAX) {
		(void)refuse(error, "larger than a record may be", NULL, 0);
		return -E2BIG;
	}
	if (size < magic || memcmp(bytes, BOOT_MAGIC, magic))
		return refuse(error, "not a boot record of version 1", NULL, 0);
	for (size_t at = magic; at < size;) {
		char *key = bytes + at, *nul = memchr(key, '\0', size - at), *equals;

		if (!nul || nul + 1 == bytes + size || nul[1] != '\n')
			return refuse(error, "a field does not end with NUL and LF", NULL, at);
		equals = memchr(key, '=', (size_t)(nul - key));
		if (!equals)
			return refuse(error, "a field without '='", NULL, at);
		*equals = '\0';
		if ((size_t)(nul - equals) > BOOT_TEXT_MAX)
			return refuse(error, "value too long", key, at);
		if (!strcmp(key, "end")) {
			why = nul + 2 == bytes + size ? check(b) : "something follows it";
			return why ? refuse(error, why, key, at) : 0;
		}
		why = set_key(b, key, equals + 1);
		if (why)
			return refuse(error, why, key, at);
		at = (size_t)(nul + 2 - bytes);
	}
	return refuse(error, "no end: the record is cut", NULL, size);
}
