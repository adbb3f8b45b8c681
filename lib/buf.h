/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "lib/attr.h"

/*
 * A growing string of bytes. There is always a NUL behind the last byte, so that `bytes` can be
 * read as text; it is NULL only before the first byte was put.
 */
struct buf {
	char *bytes;
	size_t size;     /* bytes put, without the NUL */
	size_t capacity; /* bytes allocated */
};

#define auto_buf released_by(buf_release)

void buf_init(struct buf *b);
void buf_release(struct buf *b);
void buf_put(struct buf *b, const void *bytes, size_t size);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) printf_like(2, 3);
/* Makes room for `size` more bytes and returns where they go; buf_added says how many came. */
char *buf_room(struct buf *b, size_t size) must_check;
void buf_added(struct buf *b, size_t size);
/* Gives the bytes to the caller (an empty string where there are none), who frees them. */
char *buf_take(struct buf *b) must_check;
