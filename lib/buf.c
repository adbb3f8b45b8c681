/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void buf_init(struct buf *b)
{
	*b = (struct buf){ 0 };
}

void buf_release(struct buf *b)
{
	if (!b)
		return;
	free(b->bytes);
	buf_init(b);
}

char *buf_room(struct buf *b, size_t size)
{
	b->bytes = xgrow(b->bytes, &b->capacity, b->size + size + 1, 1);
	return b->bytes + b->size;
}

void buf_added(struct buf *b, size_t size)
{
	b->size += size;
	b->bytes[b->size] = '\0';
}

void buf_put(struct buf *b, const void *bytes, size_t size)
{
	char *to = buf_room(b, size);

	if (size)
		memcpy(to, bytes, size);
	buf_added(b, size);
}

void buf_puts(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	char *to = buf_room(b, (size_t)n);

	va_start(ap, format);
	(void)vsnprintf(to, (size_t)n + 1, format, ap);
	va_end(ap);
	buf_added(b, (size_t)n);
}

char *buf_take(struct buf *b)
{
	char *bytes = b->bytes ? b->bytes : xstrdup("");

	buf_init(b);
	return bytes;
}
