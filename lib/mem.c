/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct arena_block {
	struct arena_block *next;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

enum { BLOCK_SIZE = 64 * 1024 - (int)sizeof(struct arena_block) };

static never_returns void out_of_memory(void)
{
	static const char text[] = "out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(1);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *old, size_t count, size_t size)
{
	void *p = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t length)
{
	size_t n = strnlen(text, length);
	char *p = xmalloc(n + 1);

	memcpy(p, text, n);
	p[n] = '\0';
	return p;
}

char *xasprintf(const char *format, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return text;
}

void *xgrow(void *array, size_t *capacity, size_t need, size_t item_size)
{
	size_t n = *capacity ? *capacity : 8;

	if (need <= *capacity)
		return array;
	while (n < need)
		n = n > SIZE_MAX / 2 ? need : n * 2;
	array = xrealloc(array, n, item_size);
	*capacity = n;
	return array;
}

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void arena_release(struct arena *a)
{
	if (!a)
		return;
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	arena_init(a);
}

static void *take(struct arena *a, size_t size, size_t alignment)
{
	size_t start = (a->used + alignment - 1) & ~(alignment - 1);
	struct arena_block *b = a->blocks;

	if (size > SIZE_MAX / 2)
		out_of_memory();
	if (!b || start + size > b->size) {
		size_t room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;

		b = xmalloc(sizeof(*b) + room);
		b->size = room;
		a->allocated += sizeof(*b) + room;
		if (a->blocks && room != BLOCK_SIZE) {
			/* A large one of its own: the newest block stays open for small ones.
			 */
			b->next = a->blocks->next;
			a->blocks->next = b;
			return b->bytes;
		}
		b->next = a->blocks;
		a->blocks = b;
		start = 0;
	}
	a->used = start + size;
	return b->bytes + start;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(take(a, size, alignof(max_align_t)), 0, size);
}

void *arena_bytes(struct arena *a, size_t size)
{
	return take(a, size ? size : 1, 1);
}

void arena_join(struct arena *a, struct arena *from)
{
	struct arena_block *last = from->blocks;

	if (!last)
		return;
	while (last->next)
		last = last->next;
	if (a->blocks) {
		/* The newest block of `a` stays in front: it is the one that is open. */
		last->next = a->blocks->next;
		a->blocks->next = from->blocks;
	} else {
		a->blocks = from->blocks;
		a->used = from->used;
	}
	a->allocated += from->allocated;
	arena_init(from);
}

void *arena_copy(struct arena *a, const void *bytes, size_t size)
{
	void *p = take(a, size ? size : 1, 1);

	if (size)
		memcpy(p, bytes, size);
	return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_copy(a, text, strlen(text) + 1);
}

char *arena_strndup(struct arena *a, const char *text, size_t length)
{
	size_t n = strnlen(text, length);
	char *p = take(a, n + 1, 1);

	memcpy(p, text, n);
	p[n] = '\0';
	return p;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	p = take(a, (size_t)n + 1, 1);
	va_start(ap, format);
	(void)vsnprintf(p, (size_t)n + 1, format, ap);
	va_end(ap);
	return p;
}
