/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/unpack.h"

#include <archive.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"
#include "lib/mem.h"

int codec_fill(struct unpack *u, struct err *e)
{
	const void *bytes;
	int r;

	if (u->in_size || u->in_ended)
		return 0;
	r = u->source(u->context, &bytes, &u->in_size, e);
	if (r < 0)
		return r;
	u->in = bytes;
	u->in_ended = !u->in_size;
	return 0;
}

int codec_only_zeros(struct unpack *u, bool *yes, struct err *e)
{
	bool some = false;

	for (;;) {
		int r = codec_fill(u, e);

		if (r < 0)
			return r;
		while (u->in_size && !*u->in) {
			some = true;
			u->in++;
			u->in_size--;
		}
		if (u->in_size && some)
			return err_set(e, -EINVAL, "rubbish behind the compressed data");
		*yes = !u->in_size && u->in_ended;
		if (u->in_size || u->in_ended)
			return 0;
	}
}

/* --- What libarchive's filters read, taken as one file of "raw" format. --- */

/* Keeps the end of the last block, whose memory goes: a filter may have looked at it only. */
static void keep_end(struct unpack *u)
{
	size_t n = u->block_size < sizeof(u->before) ? u->block_size : sizeof(u->before);
	size_t old = u->before_size + n > sizeof(u->before) ? sizeof(u->before) - n
							    : u->before_size;

	memmove(u->before, u->before + u->before_size - old, old);
	if (n)
		memcpy(u->before + old, u->block + u->block_size - n, n);
	u->before_size = old + n;
	u->block_size = 0;
}

static la_ssize_t give(struct archive *a, void *context, const void **bytes)
{
	struct unpack *u = context;
	struct err e;
	size_t n;

	keep_end(u);
	if (codec_fill(u, &e) < 0) {
		archive_set_error(a, EIO, "%s", e.text);
		return -1;
	}
	*bytes = u->in;
	n = u->in_size;
	u->in_size = 0;
	u->given += n;
	u->block = u->in;
	u->block_size = n;
	return (la_ssize_t)n;
}

static int archive_failed(struct unpack *u, struct err *e)
{
	const char *why = archive_error_string(u->state);

	return err_set(e, -EINVAL, "bad %s data: %s", u->codec->name, why ? why : "broken");
}

static int open_archive(struct unpack *u, struct err *e)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;

	u->state = a;
	if (!a)
		return err_set(e, -ENOMEM, "out of memory");
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_filter_bzip2(a);
	(void)archive_read_support_filter_lz4(a);
	(void)archive_read_support_format_raw(a);
	if (archive_read_open(a, u, NULL, give, NULL) != ARCHIVE_OK)
		return archive_failed(u, e);
	/* An end here is a compressed stream of no bytes. */
	return archive_read_next_header(a, &entry) < ARCHIVE_WARN ? archive_failed(u, e) : 0;
}

/* Its filters leave alone what they do not know: that must be zeros, or nothing. */
static int check_rest(struct unpack *u, struct err *e)
{
	int64_t taken = archive_filter_bytes(u->state, -1);
	uint64_t rest = taken >= 0 && (uint64_t)taken < u->given ? u->given - (uint64_t)taken
								 : 0;
	size_t last = rest < u->block_size ? (size_t)rest : u->block_size;
	bool nothing = rest - last <= u->before_size;
	int r = 0;

	for (size_t n = 0; nothing && n < rest - last; n++)
		nothing = !u->before[u->before_size - 1 - n];
	u->given -= rest;
	u->in = u->block + u->block_size - last;
	u->in_size = last;
	u->block_size = 0;
	if (nothing)
		r = codec_only_zeros(u, &nothing, e);
	return r < 0 || nothing ? r : err_set(e, -EINVAL, "rubbish behind the compressed data");
}

static int read_archive(struct unpack *u, void *to, size_t room, size_t *size, struct err *e)
{
	la_ssize_t n;

	do
		n = archive_read_data(u->state, to, room);
	while (n == ARCHIVE_RETRY);
	if (n < 0)
		return archive_failed(u, e);
	*size = (size_t)n;
	return n || !room ? 0 : check_rest(u, e);
}

static void close_archive(struct unpack *u)
{
	(void)archive_read_free(u->state);
}

#define BY_ARCHIVE(name, magic)                                                           \
	{                                                                                 \
		name, magic, sizeof(magic) - 1, open_archive, read_archive, close_archive \
	}

/* --- No compression. --- */

static int open_none(struct unpack *u, struct err *e)
{
	(void)u;
	(void)e;
	return 0;
}

static int read_none(struct unpack *u, void *to, size_t room, size_t *size, struct err *e)
{
	int r = codec_fill(u, e);
	size_t n = u->in_size < room ? u->in_size : room;

	if (r < 0)
		return r;
	if (n)
		memcpy(to, u->in, n);
	u->in += n;
	u->in_size -= n;
	*size = n;
	return 0;
}

static void close_none(struct unpack *u)
{
	(void)u;
}

static const struct codec none = { "none", "", 0, open_none, read_none, close_none };

static const struct codec by_archive[] = {
	BY_ARCHIVE("xz", "\xfd\x37\x7a\x58\x5a\x00"),
	BY_ARCHIVE("bzip2", "BZh"),
	BY_ARCHIVE("lz4", "\x04\x22\x4d\x18"),
};

static const struct codec *const codecs[] = {
	&codec_gzip,
	&codec_zstd,
	&by_archive[0],
	&by_archive[1],
	&by_archive[2],
	&none,
};

static bool begins_with(const struct unpack *u, const struct codec *c)
{
	return u->in_size >= c->magic_size && !memcmp(u->in, c->magic, c->magic_size);
}

/* Sees to it that the first block is not shorter than a magic, unless the source is. */
static int peek(struct unpack *u, struct err *e)
{
	int r = codec_fill(u, e);
	size_t n = 0;

	while (r >= 0 && u->in_size && n + u->in_size < 6) {
		memcpy(u->head + n, u->in, u->in_size);
		n += u->in_size;
		u->in_size = 0;
		r = codec_fill(u, e);
	}
	if (r < 0 || !n)
		return r;
	/* The tail of a longer block would be lost: sources give blocks, not drops. */
	if (n + u->in_size > sizeof(u->head))
		return err_set(e, -EINVAL, "source gives its first bytes in drops");
	if (u->in_size)
		memcpy(u->head + n, u->in, u->in_size);
	u->in = u->head;
	u->in_size += n;
	return 0;
}

int unpack_new(unpack_source *source, void *context, struct unpack **out, struct err *e)
{
	struct unpack *u = xcalloc(1, sizeof(*u));
	int r;

	u->source = source;
	u->context = context;
	r = peek(u, e);
	for (size_t i = 0; r >= 0 && !u->codec; i++)
		if (begins_with(u, codecs[i]))
			u->codec = codecs[i];
	if (r >= 0)
		r = u->codec->open(u, e);
	if (r < 0) {
		unpack_free(u);
		return r;
	}
	*out = u;
	return 0;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	if (u->codec && u->state)
		u->codec->close(u);
	free(u);
}

int unpack_read(struct unpack *u, void *to, size_t room, size_t *size, struct err *e)
{
	return u->codec->read(u, to, room, size, e);
}

const char *unpack_format(const struct unpack *u)
{
	return u->codec->name;
}
