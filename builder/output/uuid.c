/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/uuid.h"

#include <stdio.h>
#include <string.h>

#include "builder/tree/dump.h"
#include "lib/auto.h"
#include "lib/sha256.h"

/* What stdio hands on of the dump is summed up and kept nowhere. */
static ssize_t sum_up(void *context, const char *bytes, size_t size)
{
	sha256_put(context, bytes, size);
	return (ssize_t)size;
}

static void from_hex(const char *digest, unsigned char id[OUTPUT_ID])
{
	for (size_t i = 0; i < OUTPUT_ID; i++) {
		unsigned byte = 0;

		(void)sscanf(digest + strlen("sha256:") + 2 * i, "%2x", &byte);
		id[i] = (unsigned char)byte;
	}
	id[6] = (unsigned char)((id[6] & 0x0f) | 0x80);
	id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);
}

int output_identify(const struct output *o, unsigned char id[OUTPUT_ID], struct err *e)
{
	auto_sha256 struct sha256 hash = { 0 };
	auto_fclose FILE *f = NULL;
	char digest[DIGEST_SIZE];
	int r;

	sha256_init(&hash);
	f = fopencookie(&hash, "w", (cookie_io_functions_t){ .write = sum_up });
	if (!f)
		return err_sys(e, "cannot write to memory");
	if (o->identity)
		(void)fputs(o->identity, f);
	r = tree_dump(o->tree, f, DUMP_MTIME, e);
	if (r < 0)
		return r;
	(void)fflush(f);
	sha256_digest(&hash, digest);
	from_hex(digest, id);
	return 0;
}
