/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/output/oci.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"

static const char unfinished[] = "blobs/sha256/.unfinished";

static int make_dirs(int dir, struct err *e)
{
	static const char *const names[] = { "blobs", "blobs/sha256" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (mkdirat(dir, names[i], 0755) < 0 && errno != EEXIST)
			return err_sys(e, "cannot make '%s'", names[i]);
	return 0;
}

static struct node *add_dir(struct tree *t, struct node *to, const char *name)
{
	struct inode *i = tree_inode(t, INODE_DIR);

	i->mode = 0755;
	return tree_link(t, to, name, strlen(name), i);
}

int oci_store_init(struct oci_store *s, int dir, struct err *e)
{
	*s = (struct oci_store){ .dir = dir };
	if (dir >= 0)
		return make_dirs(dir, e);
	s->tree = tree_new();
	(void)add_dir(s->tree, add_dir(s->tree, tree_root(s->tree), "blobs"), "sha256");
	return 0;
}

void oci_store_release(struct oci_store *s)
{
	for (size_t i = 0; i < s->scratch_count; i++)
		auto_close_fd(&s->scratch[i]);
	free(s->scratch);
	tree_free(s->tree);
	*s = (struct oci_store){ .dir = -1 };
}

/* --- in an archive's tree --------------------------------------------------------------------
 */

static void add_file(
	struct oci_store *s, struct node *dir, const char *name, const struct content *content)
{
	struct inode *i;

	if (tree_child(s->tree, dir, name, strlen(name)))
		return; /* the same blob once more */
	i = tree_inode(s->tree, INODE_FILE);
	i->mode = 0644;
	i->content = content;
	(void)tree_link(s->tree, dir, name, strlen(name), i);
}

static struct node *blobs_of(const struct oci_store *s)
{
	const struct node *blobs = tree_child(s->tree, tree_root(s->tree), "blobs", 5);

	return tree_child(s->tree, blobs, "sha256", 6);
}

/* --- in a folder -----------------------------------------------------------------------------
 */

static int write_file(int dir, const char *name, const void *bytes, size_t size, struct err *e)
{
	auto_close int fd = openat(
		dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return err_sys(e, "cannot make '%s'", name);
	r = io_write(fd, bytes, size);
	return r < 0 ? err_code(e, r, "cannot write '%s'", name) : 0;
}

static int name_blob(const struct oci_store *s, const char *digest, struct err *e)
{
	char name[DIGEST_SIZE + 16];

	(void)snprintf(name, sizeof(name), "blobs/sha256/%s", digest + strlen("sha256:"));
	return renameat(s->dir, unfinished, s->dir, name) < 0
		       ? err_sys(e, "cannot give a blob its name '%s'", name)
		       : 0;
}

/* --- both ------------------------------------------------------------------------------------
 */

int oci_begin(struct oci_store *s, struct oci_stream *stream, struct err *e)
{
	int fd = s->dir < 0 ? io_scratch(NULL, e)
			    : openat(s->dir, unfinished,
				      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return s->dir < 0 ? fd : err_sys(e, "cannot make '%s'", unfinished);
	*stream = (struct oci_stream){ .store = s, .fd = fd };
	sha256_init(&stream->sum);
	return 0;
}

int oci_put(struct oci_stream *stream, const void *bytes, size_t size)
{
	sha256_put(&stream->sum, bytes, size);
	stream->size += size;
	return io_write(stream->fd, bytes, size);
}

int oci_end(struct oci_stream *stream, struct oci_blob *out, struct err *e)
{
	struct oci_store *s = stream->store;
	int r = 0;

	sha256_digest(&stream->sum, out->digest);
	out->size = stream->size;
	if (s->dir >= 0) {
		r = name_blob(s, out->digest, e);
		if (r == 0)
			auto_close_fd(&stream->fd);
		return r;
	}
	s->scratch = xgrow(
		s->scratch, &s->scratch_capacity, s->scratch_count + 1, sizeof(*s->scratch));
	s->scratch[s->scratch_count] = take_fd(&stream->fd);
	add_file(s, blobs_of(s), out->digest + strlen("sha256:"),
		content_of_fd(
			tree_arena(s->tree), s->scratch[s->scratch_count++], 0, out->size));
	return r;
}

void oci_stream_release(struct oci_stream *stream)
{
	if (stream->fd >= 0 && stream->store->dir >= 0)
		(void)unlinkat(stream->store->dir, unfinished, 0);
	auto_close_fd(&stream->fd);
	sha256_release(&stream->sum);
}

int oci_put_file(struct oci_store *s, const char *name, const json_t *json, struct err *e)
{
	auto_free char *text = json_dumps(json, JSON_COMPACT);

	if (!text)
		return err_set(e, -EINVAL, "cannot write '%s' as JSON", name);
	if (s->dir >= 0)
		return write_file(s->dir, name, text, strlen(text), e);
	add_file(s, tree_root(s->tree), name,
		content_of_bytes(tree_arena(s->tree), text, strlen(text)));
	return 0;
}

int oci_put_json(struct oci_store *s, const json_t *json, struct oci_blob *out, struct err *e)
{
	auto_free char *text = json_dumps(json, JSON_COMPACT);
	struct oci_stream stream;
	int r;

	if (!text)
		return err_set(e, -EINVAL, "cannot write a blob as JSON");
	r = oci_begin(s, &stream, e);
	if (r < 0)
		return r;
	r = oci_put(&stream, text, strlen(text));
	r = r < 0 ? err_code(e, r, "cannot write a blob") : oci_end(&stream, out, e);
	oci_stream_release(&stream);
	return r;
}
