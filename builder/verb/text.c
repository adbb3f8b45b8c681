/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/verb/text.h"

#include <stdio.h>
#include <string.h>

#include "builder/image/filecaps.h"

/* The length of the character that begins here, 0 where there is none in UTF-8. */
static size_t character(const char *text, uint32_t *code)
{
	static const struct {
		unsigned char mask, lead;
		size_t length;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 1, 0 },
		{ 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 },
		{ 0xf8, 0xf0, 4, 0x10000 },
	};
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
		size_t n = 1;

		if ((bytes[0] & forms[f].mask) != forms[f].lead)
			continue;
		*code = (uint32_t)(bytes[0] & ~forms[f].mask);
		while (n < forms[f].length && (bytes[n] & 0xc0) == 0x80)
			*code = *code << 6 | (bytes[n++] & 0x3f);
		return n < forms[f].length || *code < forms[f].least || *code > 0x10ffff ||
				       (*code >= 0xd800 && *code <= 0xdfff)
			       ? 0
			       : n;
	}
	return 0;
}

/* Control characters, and those that turn the direction of what follows them. */
static bool drives(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == '\\' ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void text_put(struct buf *b, const char *text)
{
	while (*text) {
		uint32_t code = 0;
		size_t n = character(text, &code);

		if (n && !drives(code))
			buf_put(b, text, n);
		else
			for (size_t i = 0; i < (n ? n : 1); i++)
				buf_printf(b, "\\x%02x", (unsigned char)text[i]);
		text += n ? n : 1;
	}
}

bool text_is_utf8(const char *text)
{
	uint32_t code;

	for (size_t n; *text; text += n) {
		n = character(text, &code);
		if (!n)
			return false;
	}
	return true;
}

static const struct {
	char letter;
	const char *name;
} types[] = {
	[INODE_FILE] = { '-', "file" },
	[INODE_DIR] = { 'd', "directory" },
	[INODE_SYMLINK] = { 'l', "symlink" },
	[INODE_CHAR] = { 'c', "character device" },
	[INODE_BLOCK] = { 'b', "block device" },
	[INODE_FIFO] = { 'p', "fifo" },
	[INODE_SOCKET] = { 's', "socket" },
};

const char *text_type(enum inode_type type)
{
	return types[type].name;
}

void text_put_mode(struct buf *b, const struct inode *i)
{
	static const struct {
		unsigned bit, special;
		char plain, both, alone;
	} bits[] = {
		{ 0400, 0, 'r', 0, 0 },
		{ 0200, 0, 'w', 0, 0 },
		{ 0100, 04000, 'x', 's', 'S' },
		{ 0040, 0, 'r', 0, 0 },
		{ 0020, 0, 'w', 0, 0 },
		{ 0010, 02000, 'x', 's', 'S' },
		{ 0004, 0, 'r', 0, 0 },
		{ 0002, 0, 'w', 0, 0 },
		{ 0001, 01000, 'x', 't', 'T' },
	};

	buf_putc(b, types[i->type].letter);
	for (size_t n = 0; n < ARRAY_LEN(bits); n++) {
		bool set = i->mode & bits[n].bit, special = i->mode & bits[n].special;

		if (special)
			buf_putc(b, set ? bits[n].both : bits[n].alone);
		else
			buf_putc(b, set ? bits[n].plain : '-');
	}
}

static bool printable(const struct xattr *x)
{
	const unsigned char *bytes = x->value;

	for (uint32_t i = 0; i < x->size; i++)
		if (bytes[i] < 0x20 || bytes[i] > 0x7e || bytes[i] == '\\')
			return false;
	return x->size > 0;
}

void text_put_xattr(struct buf *b, const struct xattr *x)
{
	const unsigned char *bytes = x->value;

	if (!strcmp(x->name, "security.capability") && filecaps_put(b, x->value, x->size) >= 0)
		return;
	if (printable(x)) {
		buf_printf(b, "\"%.*s\"", (int)x->size, (const char *)x->value);
		return;
	}
	buf_puts(b, "0x");
	for (uint32_t i = 0; i < x->size; i++)
		buf_printf(b, "%02x", bytes[i]);
}

json_t *text_json(const char *text)
{
	auto_buf struct buf shown = { 0 };

	if (text_is_utf8(text))
		return json_string(text);
	text_put(&shown, text);
	return json_string(shown.bytes);
}

void text_json_name(json_t *object, const char *key, const char *name)
{
	auto_buf struct buf hex = { 0 }, hex_key = { 0 };

	(void)json_object_set_new(object, key, text_json(name));
	if (text_is_utf8(name))
		return;
	for (; *name; name++)
		buf_printf(&hex, "%02x", (unsigned char)*name);
	buf_printf(&hex_key, "%s_hex", key);
	(void)json_object_set_new(object, hex_key.bytes, json_string(hex.bytes));
}
