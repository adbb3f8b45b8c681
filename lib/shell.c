/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/shell.h"

#include <stdbool.h>
#include <string.h>

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
			return true;
	return false;
}

/* POSIX.1-2024, 2.2.4 "Dollar-Single-Quotes": what would drive the terminal is shown instead.
 */
static void put_escaped(FILE *out, const char *text)
{
	fputs("$'", out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\'' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
	fputc('\'', out);
}

void shell_word(FILE *out, const char *text)
{
	if (has_control(text)) {
		put_escaped(out, text);
		return;
	}
	if (*text && !text[strcspn(text, " \t\n'\"\\$`;&|<>()*?[]{}!#~")]) {
		fputs(text, out);
		return;
	}
	fputc('\'', out);
	for (; *text; text++)
		fputs(*text == '\'' ? "'\\''" : (char[]){ *text, '\0' }, out);
	fputc('\'', out);
}
