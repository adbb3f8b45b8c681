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

void klog_print(const struct klog *k, FILE *out, const char *prefix, size_t lines)
{
	size_t i = beginning(k, lines);
	char last = '\n';

	for (; i < k->total; i++) {
		char c = at(k, i);

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
