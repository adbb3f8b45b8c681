/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/klog.h"

void klog_init(struct klog *k)
{
	k->total = 0;
}

void klog_put(struct klog *k, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		k->bytes[k->total++ % sizeof(k->bytes)] = bytes[i];
}

static char at(const struct klog *k, size_t i)
{
	return k->bytes[i % sizeof(k->bytes)];
}

/* Where the last lines begin; the log may end with or without a newline. */
static size_t beginning(const struct klog *k, size_t lines)
{
	size_t first = k->total > sizeof(k->bytes) ? k->total - sizeof(k->bytes) : 0;
	size_t i = k->total;

	if (i > first && at(k, i - 1) == '\n')
		i--;
	for (; i > first; i--)
		if (at(k, i - 1) == '\n' && --lines == 0)
			break;
	return i;
}

/* The line of the panic, which a long trace follows; k->total where there is none. */
static size_t panic_line(const struct klog *k)
{
	static const char words[] = "Kernel panic";
	size_t first = k->total > sizeof(k->bytes) ? k->total - sizeof(k->bytes) : 0;
	size_t line = first, found = 0;

	for (size_t i = first; i < k->total; i++) {
		char c = at(k, i);

		found = c == words[found] ? found + 1 : c == words[0];
		if (!words[found])
			return line;
		if (c == '\n')
			line = i + 1;
	}
	return k->total;
}

void klog_print(const struct klog *k, FILE *out, const char *prefix, size_t lines)
{
	size_t i = panic_line(k);
	char last = '\n';

	if (i == k->total)
		i = beginning(k, lines);
	for (; i < k->total && lines; i++) {
		char c = at(k, i);

		lines -= c == '\n';
		if (c != '\n' && c != '\t' && (c < ' ' || c > '~'))
			continue;
		if (last == '\n')
			(void)fputs(prefix, out);
		(void)fputc(c, out);
		last = c;
	}
	if (last != '\n')
		(void)fputc('\n', out);
}
