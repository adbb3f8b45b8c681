/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/image/image.h"
#include "builder/merge/merge.h"
#include "builder/tree/dump.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/spawn.h"
#include "tests/unit/tap.h"
#include "tests/unit/tars.h"

/*
 * Images made in memory, saved in a folder of the test's own, and read again, for tests of what
 * reads them.
 */
static char work[] = "/tmp/test_image.XXXXXX";

static const char *save(const char *name, const struct buf *bytes)
{
	static char path[256];
	auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", work, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check_int(io_write(fd, bytes->bytes, bytes->size), 0);
	return path;
}

static inline int merge_one(
	size_t layer, struct entry_list *entries, void *context, struct err *e)
{
	(void)layer;
	return merge_layer(context, entries, NULL, e);
}

static inline int read_into(struct image *i, struct tree *t, FILE *out, struct err *e)
{
	const struct merge_options options = { .limits = LIMITS_DEFAULT };
	struct merge *m = merge_new(t, &options);
	int r = image_read(i, merge_one, m, e);

	merge_free(m);
	return r < 0 ? r : tree_dump(t, out, DUMP_CONTENT, e);
}

/* The tree of an image as text, or "error: …" without the folder's name; to be freed. */
static char *outcome(const char *path, const struct image_options *options)
{
	struct tree *t = tree_new();
	struct image *i = NULL;
	struct err e = { "" };
	char *text = NULL, *place;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r = image_open(path, options, &i, &e);

	if (r >= 0)
		r = read_into(i, t, out, &e);
	while ((place = strstr(e.text, work)))
		memmove(place, place + sizeof(work), strlen(place + sizeof(work)) + 1);
	if (!out)
		abort();
	if (r < 0)
		(void)fprintf(out, "error: %s", e.text);
	(void)fclose(out);
	image_free(i);
	tree_free(t);
	return text;
}

static const struct image_options plain = { .limits = { .size = 1 << 30 }, .threads = 2 };

static inline void expect(const char *path, const char *want)
{
	auto_free char *got = outcome(path, &plain);

	check_text(got, want);
}

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define SHA_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
#define MERGED             \
	"d 0755 0:0 - .\n" \
	"d 0755 0:0 - d\n" \
	"f 0644 0:0 1 d/b " SHA_B "\n"

/* d/a and d/b in the first layer, a whiteout of d/a in the second. */
static inline void make_layer(struct buf *to, int n, const char *filter)
{
	struct tar t;

	tar_begin(&t, to, filter);
	if (n == 0) {
		tar_dir(&t, "d/");
		tar_text(&t, "d/a", "a");
		tar_text(&t, "d/b", "b");
	} else {
		tar_text(&t, "d/.wh.a", "");
	}
	tar_end(&t);
}

static inline void put_blob(struct tar *t, const struct buf *bytes)
{
	char digest[DIGEST_SIZE], path[128];

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest_of(bytes, digest) + 7);
	tar_file(t, path, bytes->bytes, bytes->size);
}

struct made {
	struct buf layer[2], config, manifest, index;
	char digest[5][DIGEST_SIZE], diff[2][DIGEST_SIZE];
};

static inline void made_release(struct made *m)
{
	buf_release(&m->layer[0]);
	buf_release(&m->layer[1]);
	buf_release(&m->config);
	buf_release(&m->manifest);
	buf_release(&m->index);
}

static inline void make_image(struct made *m, const char *filter)
{
	*m = (struct made){ 0 };
	for (int n = 0; n < 2; n++) {
		auto_buf struct buf bare = { 0 };

		make_layer(&bare, n, NULL);
		(void)digest_of(&bare, m->diff[n]);
		make_layer(&m->layer[n], n, filter);
		(void)digest_of(&m->layer[n], m->digest[n]);
	}
	buf_printf(&m->config,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"/x\"],"
		"\"Env\":[\"A=1\"],\"User\":\"7\"},\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"%s\",\"%s\"]}}",
		m->diff[0], m->diff[1]);
	(void)digest_of(&m->config, m->digest[2]);
}

static inline void make_manifest(struct made *m, const char *layer_type)
{
	buf_printf(&m->manifest,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		"vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},\"layers\":["
		"{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu},"
		"{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}]}",
		m->digest[2], m->config.size, layer_type, m->digest[0], m->layer[0].size,
		layer_type, m->digest[1], m->layer[1].size);
	(void)digest_of(&m->manifest, m->digest[3]);
	buf_printf(&m->index,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
		"vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu,"
		"\"annotations\":{\"org.opencontainers.image.ref.name\":\"one\"}}]}",
		m->digest[3], m->manifest.size);
}

static const char layer_type[] = "application/vnd.oci.image.layer.v1.tar";

static inline void write_oci(struct made *m, struct buf *to, const char *outer)
{
	struct tar t;

	tar_begin(&t, to, outer);
	tar_text(&t, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	put_blob(&t, &m->layer[1]);
	put_blob(&t, &m->layer[0]);
	put_blob(&t, &m->config);
	put_blob(&t, &m->manifest);
	tar_file(&t, "index.json", m->index.bytes, m->index.size);
	tar_end(&t);
}

static inline int remove_work(void)
{
	const char *const argv[] = { "rm", "-rf", work, NULL };
	auto_buf struct buf none = { 0 };
	struct err e;

	return spawn_capture(argv, &none, &e);
}
