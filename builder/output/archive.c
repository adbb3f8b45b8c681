/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "builder/output/contents.h"
#include "builder/output/output.h"
#include "builder/tree/content.h"
#include "lib/io.h"
#include "lib/mem.h"
#include "lib/pack.h"

/*
 * The tree as a tar or an initramfs: the same bytes for the same tree, whoever writes it, where
 * and when. Names are given as they are, bytes; only the tar writer asks whether they are
 * UTF-8.
 */

enum { BUFFER = 256 * 1024, ZEROS = 64 * 1024 * 1024 };

struct writer {
	const struct output *o;
	struct archive *a;
	struct archive_entry *entry;
	struct contents *contents;
	size_t sockets, times, attributes; /* that the format has no place for */
	output_sink *sink;
	void *context;
	int failed; /* -errno of what the sink could not take */
	char *bytes;
	size_t used;
	const char *zeros; /* ZEROS of them, pages that nothing was ever written to */
};

static int flush(struct writer *w)
{
	int r = w->sink(w->bytes, w->used, w->context);

	w->used = 0;
	if (r < 0) {
		w->failed = r;
		archive_set_error(w->a, -r, "%s", strerror(-r));
	}
	return r;
}

/* libarchive's callback: small pieces are collected, large ones pass. */
static la_ssize_t take(struct archive *a, void *context, const void *bytes, size_t size)
{
	struct writer *w = context;

	(void)a;
	if ((size >= BUFFER / 2 || w->used + size > BUFFER) && flush(w) < 0)
		return -1;
	if (size >= BUFFER / 2) {
		w->failed = w->sink(bytes, size, w->context);
		if (w->failed < 0)
			archive_set_error(w->a, -w->failed, "%s", strerror(-w->failed));
		return w->failed < 0 ? -1 : (la_ssize_t)size;
	}
	memcpy(w->bytes + w->used, bytes, size);
	w->used += size;
	return (la_ssize_t)size;
}

/* The one place where an error of libarchive becomes ours. */
static int failure(const struct writer *w, const char *path, struct err *e)
{
	const char *why = archive_error_string(w->a);

	if (w->failed < 0)
		return err_code(e, w->failed, "cannot write");
	if (!path)
		return err_set(e, -EIO, "cannot write: %s", why ? why : "unknown reason");
	return err_set(e, -EIO, "cannot write '%s': %s", path, why ? why : "unknown reason");
}

static int put(const void *bytes, uint64_t size, void *context, struct err *e)
{
	struct writer *w = context;

	if (!bytes && !w->zeros) {
		void *zeros = mmap(NULL, ZEROS, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (zeros == MAP_FAILED)
			return err_sys(e, "cannot map memory");
		w->zeros = zeros;
	}

	while (size) {
		size_t chunk = (size_t)size;
		la_ssize_t n;

		if (!bytes && size > ZEROS)
			chunk = ZEROS;
		n = archive_write_data(w->a, bytes ? bytes : w->zeros, chunk);
		if (n <= 0)
			return failure(w, archive_entry_pathname(w->entry), e);
		bytes = bytes ? (const char *)bytes + n : NULL;
		size -= (uint64_t)n;
	}
	return 0;
}

static void describe(struct writer *w, const struct inode *i, const char *path)
{
	struct archive_entry *entry = archive_entry_clear(w->entry);

	archive_entry_copy_pathname(entry, path);
	archive_entry_set_mode(entry, inode_format(i) | i->mode);
	archive_entry_set_uid(entry, i->uid);
	archive_entry_set_gid(entry, i->gid);
	archive_entry_set_mtime(entry, i->mtime.tv_sec, i->mtime.tv_nsec);
	archive_entry_set_size(
		entry, i->type == INODE_FILE && i->content ? (la_int64_t)i->content->size : 0);
	archive_entry_set_nlink(entry, i->type == INODE_DIR ? 2 : i->links);
	if (i->type == INODE_SYMLINK)
		archive_entry_copy_symlink(entry, i->target);
	if (i->type == INODE_CHAR || i->type == INODE_BLOCK)
		archive_entry_set_rdev(entry, makedev(i->major, i->minor));
}

static int put_entry(struct writer *w, const struct inode *i, struct err *e)
{
	if (archive_write_header(w->a, w->entry) < ARCHIVE_WARN || w->failed < 0)
		return failure(w, archive_entry_pathname(w->entry), e);
	if (archive_entry_size(w->entry) > 0 && i->type == INODE_FILE) {
		int r = contents_read(w->contents, put, w, e);

		if (r < 0)
			return r;
	}
	if (archive_write_finish_entry(w->a) < ARCHIVE_WARN)
		return failure(w, archive_entry_pathname(w->entry), e);
	return 0;
}

/* --- tar ------------------------------------------------------------------------------------
 */

static void describe_holes(struct archive_entry *entry, const struct content *c)
{
	uint64_t covered = 0;

	for (uint32_t x = 0; x < c->extent_count; x++)
		covered += c->extents[x].size;
	if (c->bytes || covered == c->size)
		return;
	for (uint32_t x = 0; x < c->extent_count; x++)
		archive_entry_sparse_add_entry(
			entry, (la_int64_t)c->extents[x].at, (la_int64_t)c->extents[x].size);
	if (!c->extent_count)
		archive_entry_sparse_add_entry(entry, (la_int64_t)c->size, 0);
}

/*
 * libarchive writes other characters as %XX, in the SCHILY form too, which nobody reads so, and
 * a pax header ends a name at '='.
 */
static bool tar_holds_name(const char *xattr)
{
	for (; *xattr; xattr++)
		if (*xattr <= ' ' || *xattr > '~' || *xattr == '%' || *xattr == '=')
			return false;
	return true;
}

static void describe_xattrs(struct writer *w, const struct inode *i)
{
	for (uint32_t n = 0; n < i->xattr_count; n++) {
		const struct xattr *x = &i->xattrs[n];

		if (tar_holds_name(x->name))
			archive_entry_xattr_add_entry(w->entry, x->name, x->value, x->size);
		else
			w->attributes++;
	}
}

static int tar_node(const struct node *n, const char *path, void *context, struct err *e)
{
	struct writer *w = context;
	const struct inode *i = n->inode;

	if (i->type == INODE_SOCKET) {
		w->sockets++;
		return 0;
	}
	describe(w, i, path);
	if (contents_bearer(w->contents, i) != n) {
		archive_entry_copy_hardlink(
			w->entry, tree_path(w->o->tree, contents_bearer(w->contents, i)));
		archive_entry_set_size(w->entry, 0);
		return put_entry(w, i, e);
	}
	describe_xattrs(w, i);
	if (i->type == INODE_FILE && i->content)
		describe_holes(w->entry, i->content);
	return put_entry(w, i, e);
}

/* --- cpio newc: Linux, Documentation/driver-api/early-userspace/buffer-format.rst ------------
 */

static int cpio_node(const struct node *n, const char *path, void *context, struct err *e)
{
	struct writer *w = context;
	const struct inode *i = n->inode;
	int64_t second = i->mtime.tv_sec;

	if (i->type == INODE_FILE && i->content && i->content->size > UINT32_MAX)
		return err_set(e, -EFBIG,
			"cannot write '%s': it has 4 GiB or more, which an initramfs cannot hold; "
			"leave it out with --exclude, or choose another format",
			path);
	describe(w, i, path);
	if (second < 0 || second > UINT32_MAX) {
		w->times++;
		archive_entry_set_mtime(w->entry, second < 0 ? 0 : UINT32_MAX, 0);
	}
	archive_entry_set_ino64(w->entry, (la_int64_t)i->id + 1);
	if (contents_bearer(w->contents, i) != n)
		archive_entry_set_size(w->entry, 0);
	else
		w->attributes += i->xattr_count;
	return put_entry(w, i, e);
}

/* --- both -----------------------------------------------------------------------------------
 */

static int start(struct writer *w, struct err *e)
{
	int r = archive_write_set_bytes_per_block(w->a, 0);

	if (r == ARCHIVE_OK)
		r = archive_write_open(w->a, w, NULL, take, NULL);
	return r == ARCHIVE_OK ? 0 : failure(w, NULL, e);
}

static int write_all(struct writer *w, tree_visit *visit, const char *root, struct err *e)
{
	int r = start(w, e);

	if (r == 0)
		r = visit(tree_root(w->o->tree), root, w, e);
	if (r == 0)
		r = tree_walk(w->o->tree, visit, w, e);
	if (r == 0 && archive_write_close(w->a) != ARCHIVE_OK)
		r = failure(w, NULL, e);
	if (r == 0 && flush(w) < 0)
		r = failure(w, NULL, e);
	return r;
}

/* libarchive asks the locale what the bytes of a name are. */
static int write_in_utf8(struct writer *w, tree_visit *visit, const char *root, struct err *e)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), old;
	int r;

	if (!utf8)
		return err_sys(e, "cannot use the locale 'C.UTF-8'");
	old = uselocale(utf8);
	r = write_all(w, visit, root, e);
	(void)uselocale(old);
	freelocale(utf8);
	return r;
}

static void writer_init(
	struct writer *w, const struct output *o, output_sink *sink, void *context)
{
	*w = (struct writer){ .o = o, .sink = sink, .context = context };
	w->a = archive_write_new();
	w->entry = archive_entry_new();
	w->bytes = xmalloc(BUFFER);
}

static void writer_release(struct writer *w)
{
	archive_entry_free(w->entry);
	(void)archive_write_free(w->a);
	contents_free(w->contents);
	free(w->bytes);
	if (w->zeros)
		(void)munmap((void *)(uintptr_t)w->zeros, ZEROS);
}

static int to_descriptor(const void *bytes, size_t size, void *context)
{
	return io_write(*(const int *)context, bytes, size);
}

static int to_pack(const void *bytes, size_t size, void *context)
{
	return pack_put(context, bytes, size);
}

/* An archive as its format is packed. */
static int write_packed(const struct output *o, int fd,
	int (*write)(const struct output *, output_sink *, void *, struct err *), struct err *e)
{
	struct pack *p = NULL;
	int r = pack_new(o->format->filter, 0, to_descriptor, &fd, &p, e);

	if (r < 0)
		return r;
	r = write(o, to_pack, p, e);
	if (r == 0) {
		r = pack_end(p);
		if (r < 0)
			(void)err_code(e, r, "cannot write");
	}
	pack_free(p);
	return r;
}

int output_tar(const struct output *o, int fd, struct err *e)
{
	return write_packed(o, fd, output_tar_to, e);
}

int output_tar_to(const struct output *o, output_sink *sink, void *context, struct err *e)
{
	struct writer w;
	int r;

	writer_init(&w, o, sink, context);
	r = contents_start(o->tree, CONTENTS_WITH_FIRST, &w.contents, e);
	if (r == 0 && (archive_write_set_format_pax(w.a) != ARCHIVE_OK ||
			      archive_write_set_format_option(
				      w.a, "pax", "xattrheader", "SCHILY") != ARCHIVE_OK))
		r = failure(&w, NULL, e);
	if (r == 0)
		r = write_in_utf8(&w, tar_node, "./", e);
	if (r == 0 && w.sockets)
		output_note(o, "%zu sockets were left out: a tar has none", w.sockets);
	if (r == 0 && w.attributes)
		output_note(o,
			"%zu extended attributes were left out: a tar cannot hold such names",
			w.attributes);
	writer_release(&w);
	return r;
}

static int cpio_to(const struct output *o, output_sink *sink, void *context, struct err *e)
{
	struct writer w;
	int r;

	writer_init(&w, o, sink, context);
	/* All names of a file but the last go without its bytes, as every cpio does it. */
	r = contents_start(o->tree, CONTENTS_WITH_LAST, &w.contents, e);
	if (r == 0 && archive_write_set_format_cpio_newc(w.a) != ARCHIVE_OK)
		r = failure(&w, NULL, e);
	if (r == 0)
		r = write_in_utf8(&w, cpio_node, ".", e);
	if (r == 0 && w.attributes)
		output_note(o,
			"%zu extended attributes (file capabilities, ACLs) were left out: an "
			"initramfs has none",
			w.attributes);
	if (r == 0 && w.times)
		output_note(o, "%zu times before 1970 or after 2106 were moved there", w.times);
	writer_release(&w);
	return r;
}

int output_cpio(const struct output *o, int fd, struct err *e)
{
	return write_packed(o, fd, cpio_to, e);
}
