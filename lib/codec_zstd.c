/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <zstd.h>

#include "lib/codec.h"
#include "lib/mem.h"

/* Peers refuse more than 128 MiB of window, too (RFC 8878 recommends 8). */
enum { WINDOW_LOG_MAX = 27 };

struct zstd {
	ZSTD_DCtx *context;
	size_t left; /* 0: between frames */
};

static int open_zstd(struct unpack *u, struct err *e)
{
	struct zstd *z = xmalloc(sizeof(*z));

	z->left = 0;
	z->context = ZSTD_createDCtx();
	u->state = z;
	if (!z->context)
		return err_set(e, -ENOMEM, "out of memory");
	(void)ZSTD_DCtx_setParameter(z->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	return 0;
}

static int read_zstd(struct unpack *u, void *to, size_t room, size_t *size, struct err *e)
{
	struct zstd *z = u->state;
	ZSTD_outBuffer out = { to, room, 0 };

	while (out.pos < room) {
		ZSTD_inBuffer in;
		size_t produced = out.pos;
		bool end = false;
		int r = z->left ? codec_fill(u, e) : codec_only_zeros(u, &end, e);

		if (r < 0)
			return r;
		if (end)
			break;
		in = (ZSTD_inBuffer){ u->in, u->in_size, 0 };
		z->left = ZSTD_decompressStream(z->context, &out, &in);
		if (ZSTD_isError(z->left))
			return err_set(
				e, -EINVAL, "bad zstd data: %s", ZSTD_getErrorName(z->left));
		u->in += in.pos;
		u->in_size -= in.pos;
		if (!in.size && out.pos == produced)
			return err_set(e, -EINVAL, "zstd data ends too early");
	}
	*size = out.pos;
	return 0;
}

static void close_zstd(struct unpack *u)
{
	struct zstd *z = u->state;

	ZSTD_freeDCtx(z->context);
	free(z);
}

const struct codec codec_zstd = {
	.name = "zstd",
	.magic = "\x28\xb5\x2f\xfd",
	.magic_size = 4,
	.open = open_zstd,
	.read = read_zstd,
	.close = close_zstd,
};
