/* SPDX-License-Identifier: Apache-2.0 */
#include "init/say.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static const struct {
	int number;
	const char *text;
} errors[] = {
#define ERROR(number, text) { number, text },
#include "init/errors.def"
#undef ERROR
};

struct line {
	char text[512];
	size_t size;
};

size_t say_number(char *to, long number)
{
	unsigned long n = number < 0 ? -(unsigned long)number : (unsigned long)number;
	char digits[24];
	size_t count = 0, size = 0;

	do {
		digits[count++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	if (number < 0)
		to[size++] = '-';
	while (count)
		to[size++] = digits[--count];
	to[size] = '\0';
	return size;
}

static void put(struct line *l, const char *text)
{
	size_t n = strlen(text), room = sizeof(l->text) - 1 - l->size;

	if (n > room)
		n = room;
	memcpy(l->text + l->size, text, n);
	l->size += n;
}

static void put_error(struct line *l, int error)
{
	char number[24];

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].number == error) {
			put(l, errors[i].text);
			return;
		}
	}
	(void)say_number(number, error);
	put(l, "error ");
	put(l, number);
}

static void put_format(struct line *l, const char *format, va_list ap)
{
	char small[24];

	for (; *format; format++) {
		if (*format != '%') {
			small[0] = *format;
			small[1] = '\0';
			put(l, small);
			continue;
		}
		format++;
		if (*format == 's') {
			put(l, va_arg(ap, const char *));
		} else if (*format == 'e') {
			put_error(l, va_arg(ap, int));
		} else {
			(void)say_number(
				small, *format == 'l' ? va_arg(ap, long) : va_arg(ap, int));
			put(l, small);
		}
	}
}

static void put_line(const char *format, va_list ap)
{
	struct line l = { .size = 0 };
	int saved = errno;

	put(&l, "cinit: ");
	put_format(&l, format, ap);
	l.text[l.size++] = '\n';
	/* A log that nobody reads is no reason to fail. */
	(void)!write(STDERR_FILENO, l.text, l.size);
	errno = saved;
}

void say(int verbosity, enum say_level level, const char *format, ...)
{
	va_list ap;

	if ((int)level > verbosity)
		return;
	va_start(ap, format);
	put_line(format, ap);
	va_end(ap);
}

void say_and_exit(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put_line(format, ap);
	va_end(ap);
	_exit(status);
}
