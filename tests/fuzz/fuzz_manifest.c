/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of an image that lies in an archive, with NUL bytes between them: index.json
 * of an OCI layout, or, where it begins with '[', manifest.json of a docker archive, then what
 * is named after it. `$N` in a document is the digest of the Nth document behind the first,
 * `#N` its size: so digests are right however the documents change.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/internal.h"
#include "lib/io.h"
#include "lib/sha256.h"

enum { DOCUMENTS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct document {
	struct buf text;
	char digest[DIGEST_SIZE];
};

static void put_text(
	struct document *all, size_t self, size_t count, const uint8_t *bytes, size_t size)
{
	struct document *d = &all[self];
	struct sha256 sum;

	for (size_t i = 0; i < size; i++) {
		bool named = (bytes[i] == '$' || bytes[i] == '#') && i + 1 < size;
		size_t n = named && isdigit(bytes[i + 1]) ? (size_t)(bytes[i + 1] - '0') : 0;

		/* Of one that stands behind it only: the others are not yet known. */
		if (n <= self || n >= count) {
			buf_putc(&d->text, (char)bytes[i]);
			continue;
		}
		if (bytes[i++] == '$')
			buf_puts(&d->text, all[n].digest);
		else
			buf_printf(&d->text, "%zu", all[n].text.size);
	}
	sha256_init(&sum);
	sha256_put(&sum, d->text.bytes, d->text.size);
	sha256_digest(&sum, d->digest);
	sha256_release(&sum);
}

static size_t split(const uint8_t *bytes, size_t size, struct document *all)
{
	const uint8_t *starts[DOCUMENTS_MAX] = { bytes }, *end = bytes + size;
	size_t count = 1;

	for (const uint8_t *at = bytes; at < end && count < DOCUMENTS_MAX; at++)
		if (!*at)
			starts[count++] = at + 1;
	for (size_t k = count; k-- > 0;) {
		const uint8_t *until = k + 1 < count ? starts[k + 1] - 1 : end;

		put_text(all, k, count, starts[k], (size_t)(until - starts[k]));
	}
	return count;
}

static void add_member(struct image *i, const char *name, const struct document *d)
{
	struct entry *entry = entry_list_add(&i->source.members);
	struct inode *inode = arena_alloc(&i->arena, sizeof(*inode));

	if (io_pwrite(i->spool.fd, d->text.bytes, d->text.size, (off_t)i->source.size) < 0)
		return;
	inode->content = content_of_fd(&i->arena, i->spool.fd, i->source.size, d->text.size);
	i->source.size += d->text.size;
	entry->path = name;
	entry->inode = inode;
}

static int by_path(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return strcmp(x->path, y->path);
}

static void make_source(struct image *i, struct document *all, size_t count, bool docker)
{
	struct source *s = &i->source;

	add_member(i, docker ? "manifest.json" : "index.json", &all[0]);
	for (size_t k = 1; k < count; k++) {
		add_member(i, arena_printf(&i->arena, "blobs/sha256/%s", all[k].digest + 7),
			&all[k]);
		add_member(i, arena_printf(&i->arena, "%zu", k), &all[k]);
	}
	s->archive = i->spool.fd;
	s->index = xcalloc(s->members.count, sizeof(*s->index));
	for (size_t k = 0; k < s->members.count; k++)
		s->index[k] = &s->members.items[k];
	qsort(s->index, s->members.count, sizeof(*s->index), by_path);
	s->index_count = s->members.count;
}

static int drop_entries(size_t layer, struct entry_list *entries, void *context, struct err *e)
{
	(void)layer;
	(void)entries;
	(void)context;
	(void)e;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct document all[DOCUMENTS_MAX] = { 0 };
	size_t count = split(bytes, size, all);
	struct image *i = xcalloc(1, sizeof(*i));
	bool docker = size && *bytes == '[';
	struct err e;

	i->source = (struct source){ .path = "fuzz", .dir = -1, .archive = -1 };
	i->options.platform = "linux/amd64";
	i->options.threads = 1;
	i->size_left = i->entries_left = UINT64_MAX;
	if (spool_open(&i->spool, NULL, NULL, &e) >= 0) {
		make_source(i, all, count, docker);
		if ((docker ? docker_open(i, &e) : oci_open(i, &e)) >= 0 &&
			image_read(i, drop_entries, NULL, &e) >= 0)
			i->name = NULL;
	}
	i->source.archive = -1;
	image_free(i);
	for (size_t k = 0; k < count; k++)
		buf_release(&all[k].text);
	return 0;
}
