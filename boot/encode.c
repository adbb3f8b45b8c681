/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/boot.h"

#include <errno.h>
#include <string.h>

#include "boot/fields.h"

/* Bytes go to `to` while there is room, and are counted on past it. */
struct out {
	char *to;
	size_t size, used;
	size_t strings;
	const char *why; /* the first thing that cannot be written, and its key */
	const char *key;
};

static void put(struct out *o, const char *bytes, size_t n)
{
	if (o->used < o->size)
		memcpy(o->to + o->used, bytes, n < o->size - o->used ? n : o->size - o->used);
	o->used += n;
}

static void put_field(struct out *o, const char *key, const char *value, size_t n)
{
	if (n >= BOOT_TEXT_MAX && !o->why) {
		o->why = "value too long";
		o->key = key;
	}
	put(o, key, strlen(key));
	put(o, "=", 1);
	put(o, value, n);
	put(o, "\0\n", 2);
}

static void put_text(struct out *o, const char *key, const char *value)
{
	if (value)
		put_field(o, key, value, strlen(value));
}

/* Formats at the end of a buffer of 32 bytes; returns where it starts. */
static char *format_number(char buffer[32], uint64_t n, unsigned base)
{
	char *at = buffer + 31;

	*at = '\0';
	do {
		*--at = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	return at;
}

static void put_number(struct out *o, const char *key, uint64_t n, unsigned base)
{
	char buffer[32];

	put_text(o, key, format_number(buffer, n, base));
}

static void put_limit(struct out *o, const char *key, const struct boot_limit *l)
{
	const uint64_t values[] = { l->soft, l->hard };
	const char *name = boot_limit_name(l->resource);
	char buffer[32], text[96];
	size_t n;

	if (!name) {
		o->why = "not a limit that has a name";
		o->key = key;
		return;
	}
	n = strlen(name);
	memcpy(text, name, n);
	for (int i = 0; i < 2; i++) {
		const char *v = values[i] == BOOT_UNLIMITED
					? "unlimited"
					: format_number(buffer, values[i], 10);

		text[n++] = i ? ':' : '=';
		memcpy(text + n, v, strlen(v));
		n += strlen(v);
	}
	put_field(o, key, text, n);
}

static void put_list(struct out *o, const char *key, const struct boot_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		put_text(o, key, list->items[i]);
	o->strings += list->count ? list->count + 1 : 0;
}

static void put_mounts(struct out *o, const struct boot_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		for (size_t k = 0; k < boot_field_count; k++) {
			const struct field *f = &boot_fields[k];
			const char *base = (const char *)&mounts->items[i];

			if (f->kind == KIND_MOUNTS)
				put_text(o, f->key, mounts->items[i].target);
			if (f->kind == KIND_MOUNT)
				put_text(o, f->key,
					*(const char *const *)(const void *)(base + f->offset));
		}
	}
}

/* A number is left out where it is the default. */
static void put_unless(
	struct out *o, const char *key, uint64_t n, uint64_t usual, unsigned base)
{
	if (n != usual)
		put_number(o, key, n, base);
}

static void put_member(
	struct out *o, const struct field *f, const struct boot *b, const struct boot *defaults)
{
	const void *m = (const char *)b + f->offset, *d = (const char *)defaults + f->offset;
	const struct boot_ids *ids = m;
	const struct boot_limits *limits = m;

	switch (f->kind) {
	case KIND_TEXT:
		put_text(o, f->key, *(const char *const *)m);
		break;
	case KIND_LIST:
		put_list(o, f->key, m);
		break;
	case KIND_U32:
	case KIND_OCTAL:
		put_unless(o, f->key, *(const uint32_t *)m, *(const uint32_t *)d,
			f->kind == KIND_U32 ? 10 : 8);
		break;
	case KIND_U64:
	case KIND_HEX:
		put_unless(o, f->key, *(const uint64_t *)m, *(const uint64_t *)d,
			f->kind == KIND_U64 ? 10 : 16);
		break;
	case KIND_BOOL:
		put_unless(o, f->key, *(const bool *)m, 0, 10);
		break;
	case KIND_IDS:
		for (size_t i = 0; i < ids->count; i++)
			put_number(o, f->key, ids->items[i], 10);
		break;
	case KIND_LIMITS:
		for (size_t i = 0; i < limits->count; i++)
			put_limit(o, f->key, &limits->items[i]);
		break;
	case KIND_MOUNTS:
		put_mounts(o, m);
		break;
	case KIND_MOUNT:
		break; /* with its mount */
	case KIND_ROOT_MODE:
		put_text(o, f->key, b->root_mode ? boot_root_mode_words[b->root_mode] : NULL);
		break;
	case KIND_FINISH:
		put_text(o, f->key, boot_finish_words[b->finish]);
		break;
	}
}

static const char *check(const struct boot *b, const char **key)
{
	*key = NULL;
	if (!b->argv.count && b->finish == BOOT_FINISH_EXEC) {
		*key = "argv";
		return "no program to run";
	}
	if (b->entrypoint > b->argv.count) {
		*key = "entrypoint";
		return "longer than argv";
	}
	if (!b->cwd || b->cwd[0] != '/') {
		*key = "cwd";
		return "not an absolute path";
	}
	if (b->stop_signal < 1 || b->stop_signal > 64) {
		*key = "stop_signal";
		return "not the number of a signal";
	}
	for (size_t i = 0; i < b->mounts.count; i++) {
		if (!b->mounts.items[i].target || b->mounts.items[i].target[0] != '/') {
			*key = "mount";
			return "not an absolute path";
		}
	}
	return NULL;
}

long boot_encode(const struct boot *b, char *to, size_t size, struct boot_error *error)
{
	struct out o = { .to = to, .size = size };
	struct boot defaults;
	const char *key, *why = check(b, &key);

	*error = (struct boot_error){ why, key, 0 };
	if (why)
		return -EINVAL;
	boot_init(&defaults);
	put(&o, BOOT_MAGIC, sizeof(BOOT_MAGIC) - 1);
	for (size_t i = 0; i < boot_field_count; i++)
		put_member(&o, &boot_fields[i], b, &defaults);
	put_field(&o, "end", "", 0);
	if (!o.why && (o.used > BOOT_SIZE_MAX || o.strings >= BOOT_STRINGS_MAX))
		o.why = o.used > BOOT_SIZE_MAX ? "larger than a record may be"
					       : "too many items";
	*error = (struct boot_error){ o.why, o.key, 0 };
	return o.why ? -E2BIG : (long)o.used;
}
