/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_sys
#undef err_code
#undef err_at
#undef err_hint

/* Copies with control characters made visible; returns the length. */
static size_t put_visible(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;

		if (c >= 0x20 && c != 0x7f && n + 1 < size)
			to[n++] = (char)c;
		else if ((c < 0x20 || c == 0x7f) && n + 4 < size)
			n += (size_t)snprintf(to + n, size - n, "\\x%02x", c);
	}
	to[n] = '\0';
	return n;
}

static printf_like(2, 0) void put(struct err *e, const char *format, va_list ap)
{
	char raw[sizeof(e->text)];

	(void)vsnprintf(raw, sizeof(raw), format, ap);
	(void)put_visible(e->text, sizeof(e->text), raw);
}

static void append(struct err *e, const char *separator, const char *tail)
{
	size_t n = strlen(e->text);

	(void)snprintf(e->text + n, sizeof(e->text) - n, "%s%s", separator, tail);
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put(e, format, ap);
	va_end(ap);
	return code;
}

int err_sys(struct err *e, const char *format, ...)
{
	int code = -errno;
	va_list ap;

	va_start(ap, format);
	put(e, format, ap);
	va_end(ap);
	append(e, ": ", strerror(-code));
	return code;
}

int err_code(struct err *e, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put(e, format, ap);
	va_end(ap);
	append(e, ": ", strerror(-code));
	return code;
}

int err_at(struct err *e, int code, const char *format, ...)
{
	struct err old = *e;
	va_list ap;

	va_start(ap, format);
	put(e, format, ap);
	va_end(ap);
	append(e, "", old.text);
	return code;
}

int err_hint(struct err *e, int code, const char *format, ...)
{
	struct err old = *e;
	char hint[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(hint, sizeof(hint), format, ap);
	va_end(ap);
	*e = old;
	append(e, "; ", hint);
	return code;
}
