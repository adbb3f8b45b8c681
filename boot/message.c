/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/boot.h"

#include <string.h>

enum { NUMBERS = 2 }; /* at most */

static const struct {
	enum boot_word word;
	const char *text;
	unsigned numbers;
} words[] = {
	{ BOOT_WORD_STARTED, "started", 0 },
	{ BOOT_WORD_EXIT, "exit", 1 },
	{ BOOT_WORD_SIGNAL, "signal", 1 },
	{ BOOT_WORD_STOP, "stop", 0 },
	{ BOOT_WORD_SIZE, "size", 2 },
	{ BOOT_WORD_TAKEN, "taken", 1 },
	{ BOOT_WORD_EOF, "eof", 1 },
};

static size_t put_number(char *to, uint32_t n)
{
	char digits[10];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	for (size_t i = 0; i < count; i++)
		to[i] = digits[count - 1 - i];
	return count;
}

size_t boot_message_encode(const struct boot_message *m, char to[BOOT_MESSAGE_MAX])
{
	const uint32_t numbers[NUMBERS] = { m->first, m->second };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].word != m->word)
			continue;
		n = strlen(words[i].text);
		memcpy(to, words[i].text, n);
		for (unsigned k = 0; k < words[i].numbers && k < NUMBERS; k++) {
			to[n++] = ' ';
			n += put_number(to + n, numbers[k]);
		}
	}
	to[n++] = '\n';
	return n;
}

/* Reads " NUMBER" at *at; false where there is none. */
static bool get_number(const char *line, size_t length, size_t *at, uint32_t *number)
{
	uint64_t n = 0;
	size_t i = *at + 1;

	if (*at >= length || line[*at] != ' ' || i >= length)
		return false;
	for (; i < length && line[i] != ' '; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(line[i] - '0');
		if (n > UINT32_MAX)
			return false;
	}
	if (i == *at + 1)
		return false;
	*at = i;
	*number = (uint32_t)n;
	return true;
}

struct boot_message boot_message_decode(const char *line, size_t length)
{
	const struct boot_message none = { BOOT_WORD_NONE, 0, 0 };

	while (length && line[length - 1] == '\r')
		length--;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct boot_message m = { words[i].word, 0, 0 };
		uint32_t *const numbers[NUMBERS] = { &m.first, &m.second };
		size_t at = strlen(words[i].text);
		bool good = length >= at && !memcmp(line, words[i].text, at);

		for (unsigned k = 0; good && k < words[i].numbers && k < NUMBERS; k++)
			good = get_number(line, length, &at, numbers[k]);
		if (good && at == length)
			return m;
	}
	return none;
}
