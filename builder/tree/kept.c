/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct kept_link {
	const char *name;
	size_t length;
	struct kept kept;
};

static const struct {
	enum inode_type type;
	const char *name;
	bool is_device;
} types[] = {
	{ INODE_CHAR, "char", true },
	{ INODE_BLOCK, "block", true },
	{ INODE_FIFO, "fifo", false },
	{ INODE_SOCKET, "socket", false },
};

bool kept_is_name(const char *xattr_name)
{
	return !strncmp(xattr_name, KEPT_PREFIX, strlen(KEPT_PREFIX));
}

struct kept kept_usual_link(void)
{
	return (struct kept){ .mode = 0777 };
}

void kept_format(const struct kept *k, char to[KEPT_TEXT_SIZE])
{
	int n = snprintf(to, KEPT_TEXT_SIZE, "%u:%u:%o", k->uid, k->gid, k->mode);

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type != k->type)
			continue;
		n += snprintf(to + n, (size_t)(KEPT_TEXT_SIZE - n), ":%s", types[i].name);
		if (types[i].is_device)
			(void)snprintf(to + n, (size_t)(KEPT_TEXT_SIZE - n), ":%u:%u", k->major,
				k->minor);
	}
}

/* --- reading ---------------------------------------------------------------------------------
 */

struct cursor {
	const char *at, *end;
};

/* Digits up to the next colon, which is eaten, or to the end. */
static int take_number(struct cursor *c, unsigned base, uint64_t most, uint32_t *number)
{
	uint64_t value = 0;
	const char *from = c->at;

	for (; c->at < c->end && *c->at != ':'; c->at++) {
		unsigned digit = (unsigned)(unsigned char)*c->at - '0';

		value = value * base + digit;
		if (digit >= base || value > most)
			return -EINVAL;
	}
	if (c->at == from)
		return -EINVAL;
	c->at += c->at < c->end;
	*number = (uint32_t)value;
	return 0;
}

static int take_type(struct cursor *c, struct kept *k)
{
	size_t length = (size_t)(c->end - c->at);
	const char *colon = memchr(c->at, ':', length);

	length = colon ? (size_t)(colon - c->at) : length;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strlen(types[i].name) != length || memcmp(types[i].name, c->at, length))
			continue;
		k->type = types[i].type;
		c->at += length + (colon != NULL);
		if (!types[i].is_device)
			return 0;
		if (take_number(c, 10, UINT32_MAX, &k->major) < 0)
			return -EINVAL;
		return take_number(c, 10, UINT32_MAX, &k->minor);
	}
	return -EINVAL;
}

int kept_parse(const char *text, size_t size, struct kept *k)
{
	struct cursor c = { text, text + size };
	struct kept read = { .type = INODE_FILE };

	/* What ends with a colon ends early. */
	if (!size || text[size - 1] == ':' || take_number(&c, 10, UINT32_MAX, &read.uid) < 0 ||
		take_number(&c, 10, UINT32_MAX, &read.gid) < 0 ||
		take_number(&c, 8, 07777, &read.mode) < 0)
		return -EINVAL;
	if (c.at < c.end && take_type(&c, &read) < 0)
		return -EINVAL;
	if (c.at < c.end)
		return -EINVAL;
	*k = read;
	return 0;
}

static int compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int by_name(const void *a, const void *b)
{
	const struct kept_link *x = a, *y = b;

	return compare(x->name, x->length, y->name, y->length);
}

/* One record: owner and mode, then the names that have them. */
static int take_record(struct kept_links *l, const char *at, const char *end)
{
	const char *slash = memchr(at, '/', (size_t)(end - at));
	struct kept kept;

	if (kept_parse(at, (size_t)((slash ? slash : end) - at), &kept) < 0)
		return -EINVAL;
	if (!slash)
		l->others = kept;
	while (slash) {
		const char *name = slash + 1;

		slash = memchr(name, '/', (size_t)(end - name));
		l->items = xgrow(l->items, &l->capacity, l->count + 1, sizeof(*l->items));
		l->items[l->count++] = (struct kept_link){ name,
			(size_t)((slash ? slash : end) - name), kept };
	}
	return 0;
}

int kept_links_parse(const char *value, size_t size, struct kept_links *l)
{
	const char *at, *end;

	*l = (struct kept_links){ .others = kept_usual_link() };
	l->value = memcpy(xmalloc(size + 1), value, size);
	at = l->value;
	end = at + size;
	while (at < end) {
		const char *stop = memmem(at, (size_t)(end - at), "//", 2);

		if (take_record(l, at, stop ? stop : end) < 0)
			return -EINVAL;
		at = stop ? stop + 2 : end;
	}
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), by_name);
	return 0;
}

void kept_links_release(struct kept_links *l)
{
	free(l->items);
	free(l->value);
	*l = (struct kept_links){ .others = kept_usual_link() };
}

const struct kept *kept_links_find(const struct kept_links *l, const char *name)
{
	const struct kept_link key = { .name = name, .length = strlen(name) };
	const struct kept_link *found =
		l->count ? bsearch(&key, l->items, l->count, sizeof(*l->items), by_name) : NULL;

	return found ? &found->kept : &l->others;
}
