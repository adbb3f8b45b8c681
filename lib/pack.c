/* SPDX-License-Identifier: Apache-2.0 */
/* libarchive's filters, around one file of its "raw" format. */
#include "lib/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/mem.h"

struct pack {
	struct archive *a; /* NULL: no compression */
	pack_sink *sink;
	void *context;
	int failed; /* the sink's -errno */
};

static la_ssize_t take(struct archive *a, void *context, const void *bytes, size_t size)
{
	struct pack *p = context;

	(void)a;
	if (p->failed == 0)
		p->failed = p->sink(bytes, size, p->context);
	return p->failed < 0 ? -1 : (la_ssize_t)size;
}

static int add_filter(struct archive *a, const char *format, int level)
{
	bool zstd = !strcmp(format, "zstd");
	char text[16];
	int r = zstd ? archive_write_add_filter_zstd(a) : archive_write_add_filter_gzip(a);

	/* Without the time of day in its header. */
	if (r == ARCHIVE_OK && !zstd)
		r = archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
	if (r != ARCHIVE_OK || !level)
		return r;
	(void)snprintf(text, sizeof(text), "%d", level);
	return archive_write_set_filter_option(a, format, "compression-level", text);
}

static int start(struct pack *p, const char *format, int level)
{
	struct archive_entry *entry = archive_entry_new();
	int r = add_filter(p->a, format, level);

	if (r == ARCHIVE_OK)
		r = archive_write_set_format_raw(p->a);
	if (r == ARCHIVE_OK)
		r = archive_write_set_bytes_per_block(p->a, 0);
	if (r == ARCHIVE_OK)
		r = archive_write_open(p->a, p, NULL, take, NULL);
	archive_entry_set_filetype(entry, S_IFREG);
	if (r == ARCHIVE_OK)
		r = archive_write_header(p->a, entry);
	archive_entry_free(entry);
	return r;
}

int pack_new(const char *format, int level, pack_sink *sink, void *context, struct pack **out,
	struct err *e)
{
	struct pack *p = xcalloc(1, sizeof(*p));

	*p = (struct pack){ .sink = sink, .context = context };
	*out = p;
	if (!format)
		return 0;
	p->a = archive_write_new();
	if (p->a && start(p, format, level) == ARCHIVE_OK)
		return 0;
	(void)err_set(e, -EIO, "cannot compress with %s: %s", format,
		p->a ? archive_error_string(p->a) : "out of memory");
	pack_free(p);
	return -EIO;
}

int pack_put(struct pack *p, const void *bytes, size_t size)
{
	const char *from = bytes;

	if (!p->a)
		return p->sink(bytes, size, p->context);
	while (size) {
		la_ssize_t n = archive_write_data(p->a, from, size);

		if (n <= 0)
			return p->failed < 0 ? p->failed : -EIO;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

int pack_end(struct pack *p)
{
	if (p->a && archive_write_close(p->a) != ARCHIVE_OK && p->failed == 0)
		p->failed = -EIO;
	return p->failed;
}

void pack_free(struct pack *p)
{
	if (!p)
		return;
	/* Freeing one that was not closed would close it first. */
	if (p->failed == 0)
		p->failed = -ECANCELED;
	(void)archive_write_free(p->a);
	free(p);
}
