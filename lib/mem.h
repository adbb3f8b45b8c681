/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "lib/attr.h"

/*
 * Memory of the host tools. Running out of it ends the program with a message and status 1, so
 * none of these returns NULL. Sizes are in bytes; a product that overflows counts as too much.
 */

void *xmalloc(size_t size) returns_memory;
void *xcalloc(size_t count, size_t size) returns_memory;
void *xrealloc(void *old, size_t count, size_t size) must_check;
char *xstrdup(const char *text) returns_memory;
char *xstrndup(const char *text, size_t length) returns_memory;
char *xasprintf(const char *format, ...) printf_like(1, 2) returns_memory;

/*
 * Grows an array so that it holds at least `need` items: capacity doubles, `*capacity` is
 * updated and the (possibly moved) array returned.
 */
void *xgrow(void *array, size_t *capacity, size_t need, size_t item_size) must_check;

/*
 * An arena: things that die together. What is allocated is aligned for any type, zeroed, and
 * never freed one by one. arena_init takes nothing; arena_release gives all back.
 */
struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used;      /* bytes taken of the newest block */
	size_t allocated; /* bytes got from the system in all */
};

void arena_init(struct arena *a);
void arena_release(struct arena *a);
void *arena_alloc(struct arena *a, size_t size) returns_memory;
/* Bytes without alignment or zeroing. */
void *arena_bytes(struct arena *a, size_t size) returns_memory;
void *arena_copy(struct arena *a, const void *bytes, size_t size) returns_memory;
char *arena_strdup(struct arena *a, const char *text) returns_memory;
char *arena_strndup(struct arena *a, const char *text, size_t length) returns_memory;
char *arena_printf(struct arena *a, const char *format, ...) printf_like(2, 3) returns_memory;
/* Moves all that `from` holds, without copying it, to `a`; `from` is left empty. */
void arena_join(struct arena *a, struct arena *from);
