/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by zlib where ISA-L is not installed: libarchive's own filter checks no checksum. */
#include "lib/codec.h"

#ifndef HAVE_ISAL

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "lib/mem.h"

enum { ROOM_MAX = 1 << 30, GZIP_ONLY = 16 + MAX_WBITS };

struct gzip {
	z_stream inflate;
	bool between; /* members */
};

static int open_gzip(struct unpack *u, struct err *e)
{
	struct gzip *g = xcalloc(1, sizeof(*g));

	u->state = g;
	return inflateInit2(&g->inflate, GZIP_ONLY) == Z_OK
		       ? 0
		       : err_set(e, -ENOMEM, "out of memory");
}

/* One member's next bytes; *end when the source has none where a member may begin. */
static int inflate_some(struct unpack *u, struct gzip *g, bool *end, struct err *e)
{
	z_stream *s = &g->inflate;
	uInt had, room = s->avail_out;
	int r = codec_fill(u, e);

	if (r < 0)
		return r;
	if (g->between) {
		r = codec_only_zeros(u, end, e);
		if (r < 0 || *end)
			return r;
		(void)inflateReset(s);
	}
	had = u->in_size > UINT_MAX ? UINT_MAX : (uInt)u->in_size;
	s->next_in = (Bytef *)(uintptr_t)u->in;
	s->avail_in = had;
	r = inflate(s, Z_NO_FLUSH);
	u->in += had - s->avail_in;
	u->in_size -= had - s->avail_in;
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return err_set(e, -EINVAL, "bad gzip data: %s", s->msg ? s->msg : "broken");
	g->between = r == Z_STREAM_END;
	if (!had && !g->between && s->avail_out == room)
		return err_set(e, -EINVAL, "gzip data ends too early");
	return 0;
}

static int read_gzip(struct unpack *u, void *to, size_t room, size_t *size, struct err *e)
{
	struct gzip *g = u->state;
	const uInt most = room < ROOM_MAX ? (uInt)room : ROOM_MAX;
	bool end = false;

	g->inflate.next_out = to;
	g->inflate.avail_out = most;
	while (g->inflate.avail_out && !end) {
		int r = inflate_some(u, g, &end, e);

		if (r < 0)
			return r;
	}
	*size = most - g->inflate.avail_out;
	return 0;
}

static void close_gzip(struct unpack *u)
{
	struct gzip *g = u->state;

	(void)inflateEnd(&g->inflate);
	free(g);
}

const struct codec codec_gzip = {
	.name = "gzip",
	.magic = "\x1f\x8b",
	.magic_size = 2,
	.open = open_gzip,
	.read = read_gzip,
	.close = close_gzip,
};

#endif
