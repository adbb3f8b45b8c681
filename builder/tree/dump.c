/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/dump.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/sha256.h"

static const char letters[] = {
	[INODE_FILE] = 'f',
	[INODE_DIR] = 'd',
	[INODE_SYMLINK] = 'l',
	[INODE_CHAR] = 'c',
	[INODE_BLOCK] = 'b',
	[INODE_FIFO] = 'p',
	[INODE_SOCKET] = 's',
};

struct dump {
	FILE *out;
	unsigned what;
	const char **first; /* the first path of each inode with several names, by its id */
	struct tree *tree;
};

static void escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c > 0x20 && c < 0x7f && c != '\\')
			(void)fputc(c, out);
		else
			(void)fprintf(out, "\\x%02x", c);
	}
}

static void put_size(const struct inode *i, FILE *out)
{
	if (i->type == INODE_FILE)
		(void)fprintf(out, " %" PRIu64, i->content ? i->content->size : 0);
	else if (i->type == INODE_CHAR || i->type == INODE_BLOCK)
		(void)fprintf(out, " %u,%u", i->major, i->minor);
	else
		(void)fputs(" -", out);
}

static void put_xattrs(const struct inode *i, FILE *out)
{
	if (!i->xattr_count)
		return;
	(void)fputs(" {", out);
	for (uint32_t n = 0; n < i->xattr_count; n++) {
		const struct xattr *x = &i->xattrs[n];

		if (n)
			(void)fputc(' ', out);
		escape(out, x->name);
		(void)fputc('=', out);
		for (uint32_t k = 0; k < x->size; k++)
			(void)fprintf(out, "%02x", ((const unsigned char *)x->value)[k]);
	}
	(void)fputc('}', out);
}

static int hash_chunk(const void *bytes, uint64_t size, void *context, struct err *e)
{
	static const char zeros[64 * 1024];

	(void)e;
	if (bytes) {
		sha256_put(context, bytes, (size_t)size);
		return 0;
	}
	for (uint64_t n; size; size -= n) {
		n = size < sizeof(zeros) ? size : sizeof(zeros);
		sha256_put(context, zeros, (size_t)n);
	}
	return 0;
}

static int put_content(const struct inode *i, FILE *out, struct err *e)
{
	auto_sha256 struct sha256 hash = { 0 };
	char digest[DIGEST_SIZE];
	int r;

	sha256_init(&hash);
	r = i->content ? content_read(i->content, hash_chunk, &hash, e) : 0;
	if (r < 0)
		return r;
	sha256_digest(&hash, digest);
	(void)fprintf(out, " %s", digest + strlen("sha256:"));
	return 0;
}

static int put_line(const struct node *node, const char *path, void *context, struct err *e)
{
	struct dump *d = context;
	const struct inode *i = node->inode;
	const char *first = d->first[i->id];

	(void)fprintf(d->out, "%c %04o %u:%u", letters[i->type], i->mode, i->uid, i->gid);
	put_size(i, d->out);
	if (d->what & DUMP_MTIME)
		(void)fprintf(
			d->out, " %lld.%09ld", (long long)i->mtime.tv_sec, i->mtime.tv_nsec);
	if (d->what & DUMP_LAYER)
		(void)fprintf(d->out, " @%u", i->layer);
	(void)fputc(' ', d->out);
	escape(d->out, path);
	if (i->type == INODE_SYMLINK) {
		(void)fputs(" -> ", d->out);
		escape(d->out, i->target);
	}
	if (first) {
		(void)fputs(" = ", d->out);
		escape(d->out, first);
	} else {
		put_xattrs(i, d->out);
		if (i->type == INODE_FILE && d->what & DUMP_CONTENT) {
			int r = put_content(i, d->out, e);

			if (r < 0)
				return err_at(e, r, "%s: ", path);
		}
		if (i->links > 1)
			d->first[i->id] = arena_strdup(tree_arena(d->tree), path);
	}
	(void)fputc('\n', d->out);
	return 0;
}

int tree_dump(struct tree *t, FILE *out, unsigned what, struct err *e)
{
	auto_free const char **first = xcalloc(tree_inode_ids(t), sizeof(*first));
	struct dump d = { .out = out, .what = what, .first = first, .tree = t };
	int r;

	tree_sort(t);
	r = put_line(tree_root(t), ".", &d, e);
	return r < 0 ? r : tree_walk(t, put_line, &d, e);
}
