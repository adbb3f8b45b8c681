/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by lib/gzip.h, zstd by libarchive's filter, around one file of its "raw" format. */
#include "lib/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/gzip.h"
#include "lib/mem.h"

struct pack {
	struct gzip *gzip;
	struct archive *a; /* both NULL: no compression */
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

static int add_zstd(struct archive *a, int level)
{
	char text[16];
	int r = archive_write_add_filter_zstd(a);

	if (r != ARCHIVE_OK || !level)
		return r;
	(void)snprintf(text, sizeof(text), "%d", level);
	return archive_write_set_filter_option(a, "zstd", "compression-level", text);
}

static int start(struct pack *p, int level)
{
	struct archive_entry *entry = archive_entry_new();
	int r = add_zstd(p->a, level);

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
	if (format && !strcmp(format, "gzip"))
		p->gzip = gzip_new(level, sink, context);
	if (!format || p->gzip)
		return 0;
	p->a = archive_write_new();
	if (p->a && start(p, level) == ARCHIVE_OK)
		return 0;
	(void)err_set(e, -EIO, "cannot compress with %s: %s", format,
		p->a ? archive_error_string(p->a) : "out of memory");
	pack_free(p);
	return -EIO;
}

int pack_put(struct pack *p, const void *bytes, size_t size)
{
	const char *from = bytes;

	if (p->gzip)
		return gzip_put(p->gzip, bytes, size);
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
	if (p->gzip)
		return gzip_end(p->gzip);
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
	gzip_free(p->gzip);
	free(p);
}
