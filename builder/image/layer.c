/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/image/acl.h"
#include "builder/tree/kept.h"
#include "lib/auto.h"

struct reader {
	const struct layer_stream *stream;
	struct archive *archive;
	struct entry_list *out;
	struct spool_writer writer;
	struct extent *extents; /* of the file in place */
	size_t extent_count, extent_capacity;
	struct err source_error; /* why the stream could not go on */
	bool source_failed, source_ended;
	bool cut_short; /* the archive ends where its last file does, without padding */
	locale_t locale, previous_locale;
};

static la_ssize_t give(struct archive *a, void *context, const void **bytes)
{
	struct reader *r = context;
	size_t size = 0;

	(void)a;
	if (r->stream->next(r->stream->context, bytes, &size, &r->source_error) < 0) {
		r->source_failed = true;
		archive_set_error(a, EIO, "%s", r->source_error.text);
		return -1;
	}
	r->source_ended = !size;
	return (la_ssize_t)size;
}

static la_int64_t skip(struct archive *a, void *context, la_int64_t size)
{
	struct reader *r = context;

	(void)a;
	return r->stream->skip ? r->stream->skip(r->stream->context, size) : 0;
}

static int failed(struct reader *r, struct err *e)
{
	const char *why = archive_error_string(r->archive);

	if (r->source_failed) {
		*e = r->source_error;
		return -EINVAL;
	}
	if (why && !strncmp(why, "Unrecognized", 12))
		return err_set(e, -EINVAL, "not a tar archive");
	return err_set(e, -EINVAL, "bad tar data: %s", why ? why : "broken");
}

/*
 * Names in pax headers are UTF-8, and libarchive converts them to the locale's character set:
 * to UTF-8 again here, whatever the program's locale is. What is not UTF-8 comes as it is, with
 * a warning.
 */
static int begin(struct reader *r, struct err *e)
{
	r->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	r->previous_locale = r->locale ? uselocale(r->locale) : (locale_t)0;
	r->archive = archive_read_new();
	if (!r->archive)
		return err_set(e, -ENOMEM, "out of memory");
	(void)archive_read_support_format_tar(r->archive);
	(void)archive_read_support_format_empty(r->archive);
	(void)archive_read_set_read_callback(r->archive, give);
	(void)archive_read_set_skip_callback(r->archive, skip);
	(void)archive_read_set_callback_data(r->archive, r);
	return archive_read_open1(r->archive) < ARCHIVE_WARN ? failed(r, e) : 0;
}

static void end(struct reader *r)
{
	(void)archive_read_free(r->archive);
	spool_writer_release(&r->writer);
	free(r->extents);
	if (r->locale) {
		(void)uselocale(r->previous_locale);
		freelocale(r->locale);
	}
}

static int type_of(const struct archive_entry *from, enum inode_type *type)
{
	static const struct {
		mode_t format;
		enum inode_type type;
	} types[] = {
		{ AE_IFREG, INODE_FILE },
		{ AE_IFDIR, INODE_DIR },
		{ AE_IFLNK, INODE_SYMLINK },
		{ AE_IFCHR, INODE_CHAR },
		{ AE_IFBLK, INODE_BLOCK },
		{ AE_IFIFO, INODE_FIFO },
		{ AE_IFSOCK, INODE_SOCKET },
	};
	mode_t format = archive_entry_filetype((struct archive_entry *)(uintptr_t)from);

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].format == format) {
			*type = types[i].type;
			return 0;
		}
	}
	return -EINVAL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

/* The same attribute may be there in SCHILY and in LIBARCHIVE form: one is enough. */
static uint32_t without_repeats(struct xattr *x, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (!kept || strcmp(x[kept - 1].name, x[i].name) != 0)
			x[kept++] = x[i];
	return kept;
}

/* Attributes that only cbuild writes are no archive's to give. */
static bool is_kept(const struct reader *r, const char *name)
{
	if (!kept_is_name(name))
		return false;
	if (r->stream->kept)
		atomic_fetch_add(r->stream->kept, 1);
	return true;
}

static int set_xattrs(
	struct reader *r, struct archive_entry *from, struct inode *inode, struct err *e)
{
	struct arena *a = &r->out->arena;
	struct xattr acls[ACL_XATTRS_MAX], *x;
	int count = archive_entry_xattr_reset(from);
	uint32_t n = 0, acl_count = 0;
	const char *name;
	const void *value;
	size_t size;
	int done = acl_xattrs(a, from, acls, &acl_count, &inode->mode, e);

	if (done < 0 || (count <= 0 && !acl_count))
		return done;
	x = arena_alloc(a, ((size_t)count + acl_count) * sizeof(*x));
	while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
		if (!name || size > UINT32_MAX || is_kept(r, name))
			continue;
		x[n++] = (struct xattr){ arena_strdup(a, name), arena_copy(a, value, size),
			(uint32_t)size };
	}
	for (uint32_t i = 0; i < acl_count; i++)
		x[n++] = acls[i];
	qsort(x, n, sizeof(*x), by_name);
	inode->xattr_count = without_repeats(x, n);
	inode->xattrs = x;
	return 0;
}

static int set_inode(
	struct reader *r, struct archive_entry *from, struct entry *entry, struct err *e)
{
	struct arena *a = &r->out->arena;
	struct inode *inode = arena_alloc(a, sizeof(*inode));
	const char *target;
	int done;

	entry->inode = inode;
	if (type_of(from, &inode->type) < 0)
		return err_set(e, -EINVAL, "'%s' is of an unknown type", entry->path);
	inode->mode = archive_entry_perm(from) & 07777;
	entry->uid = archive_entry_uid(from);
	entry->gid = archive_entry_gid(from);
	inode->mtime.tv_sec = archive_entry_mtime(from);
	inode->mtime.tv_nsec = archive_entry_mtime_nsec(from);
	done = set_xattrs(r, from, inode, e);
	if (done < 0)
		return done;
	if (inode->type == INODE_CHAR || inode->type == INODE_BLOCK) {
		inode->major = (uint32_t)archive_entry_rdevmajor(from);
		inode->minor = (uint32_t)archive_entry_rdevminor(from);
	}
	if (inode->type != INODE_SYMLINK)
		return 0;
	target = archive_entry_symlink(from);
	if (!target || !*target)
		return err_set(e, -EINVAL, "symbolic link '%s' has no target", entry->path);
	inode->target = arena_strdup(a, target);
	return 0;
}

/* Bytes of a file lie in the stream where libarchive stands while it shows them. */
static uint64_t place(const struct reader *r)
{
	return r->stream->base + (uint64_t)archive_filter_bytes(r->archive, 0);
}

static int put_block(
	struct reader *r, const void *bytes, size_t size, uint64_t at, struct err *e)
{
	if (r->stream->fd < 0)
		return spool_put(&r->writer, bytes, size, at, e);
	extents_add(&r->extents, &r->extent_count, &r->extent_capacity,
		(struct extent){ at, size, place(r) });
	return 0;
}

static int read_content(
	struct reader *r, const struct entry *entry, uint64_t size, struct err *e)
{
	const void *bytes;
	size_t n;
	la_int64_t at;
	uint64_t end = 0;
	int got;

	if (r->stream->fd < 0)
		spool_begin(&r->writer, size);
	while ((got = archive_read_data_block(r->archive, &bytes, &n, &at)) >= ARCHIVE_WARN &&
		got != ARCHIVE_EOF) {
		int done;

		if (at < 0 || (uint64_t)at < end || (uint64_t)at > size ||
			n > size - (uint64_t)at)
			return err_set(e, -EINVAL, "bad tar data: a sparse map out of order");
		if (!n)
			continue;
		done = put_block(r, bytes, n, (uint64_t)at, e);
		if (done < 0)
			return done;
		end = (uint64_t)at + n;
	}
	/* umoci ends a layer behind the last byte of its last file; Go's reader takes it. */
	r->cut_short = got < ARCHIVE_WARN && r->source_ended && end == size;
	if (got < ARCHIVE_WARN && !r->cut_short)
		return failed(r, e);
	if (r->stream->fd < 0) {
		entry->inode->content = spool_file(&r->writer, &r->out->arena, size);
		return 0;
	}
	entry->inode->content = content_of_extents(
		&r->out->arena, r->stream->fd, size, r->extents, (uint32_t)r->extent_count);
	r->extent_count = 0;
	return 0;
}

static int count_entry(const struct layer_stream *s, struct err *e)
{
	if (s->entries && atomic_fetch_sub(s->entries, 1) == 0)
		return err_hint(e, err_set(e, -E2BIG, "more entries than are allowed"),
			"--max-entries allows more");
	return 0;
}

/* One header as an entry; its size in *size. */
static int take(struct reader *r, struct archive_entry *from, uint64_t *size, struct err *e)
{
	struct entry *entry = entry_list_add(r->out);
	struct arena *a = &r->out->arena;
	const char *path = archive_entry_pathname(from), *link = archive_entry_hardlink(from);
	la_int64_t bytes = archive_entry_size_is_set(from) ? archive_entry_size(from) : 0;
	int done = count_entry(r->stream, e);

	if (done < 0)
		return done;
	if (!path)
		return err_set(e, -EINVAL, "bad tar data: an entry without a name");
	entry->path = arena_strdup(a, path);
	*size = (uint64_t)bytes;
	if (link) {
		entry->link = arena_strdup(a, link);
		return 0;
	}
	done = set_inode(r, from, entry, e);
	if (done < 0)
		return done;
	if (bytes < 0 || (r->stream->size_limit && *size > r->stream->size_limit))
		return err_hint(e,
			err_set(e, -EFBIG, "'%s' is %lld bytes large, which is not allowed",
				entry->path, (long long)bytes),
			"--max-size allows more");
	return 0;
}

static int each_header(struct reader *r, struct archive_entry **from, struct err *e)
{
	int got = archive_read_next_header(r->archive, from);

	if (got == ARCHIVE_EOF)
		return 0;
	return got < ARCHIVE_WARN ? failed(r, e) : 1;
}

static const char *last_path(const struct reader *r)
{
	const char *path = r->out->count ? r->out->items[r->out->count - 1].path : NULL;

	return path ? path : "";
}

static int read_all(struct reader *r, struct err *e)
{
	struct archive_entry *from;
	uint64_t size;
	int got = 0;

	while (!r->cut_short && (got = each_header(r, &from, e)) > 0) {
		const struct entry *entry;
		int done = take(r, from, &size, e);

		if (done < 0)
			return done;
		entry = &r->out->items[r->out->count - 1];
		if (!entry->inode || entry->inode->type != INODE_FILE || !size)
			continue;
		done = read_content(r, entry, size, e);
		if (done < 0)
			return err_at(e, done, "'%s': ", last_path(r));
	}
	if (r->cut_short)
		return 0;
	return got < 0 && r->out->count ? err_at(e, got, "behind '%s': ", last_path(r)) : got;
}

static int skim_all(struct reader *r, bool (*enough)(const struct entry *entry), struct err *e)
{
	struct archive_entry *from;
	uint64_t size;
	int got;

	while ((got = each_header(r, &from, e)) > 0) {
		struct entry *entry;
		int done = take(r, from, &size, e);

		if (done < 0)
			return done;
		entry = &r->out->items[r->out->count - 1];
		if (entry->inode && entry->inode->type == INODE_FILE &&
			archive_entry_sparse_count(from) == 0)
			entry->inode->content = content_of_fd(
				&r->out->arena, r->stream->fd, place(r), size);
		if (enough(entry))
			return 0;
	}
	return got;
}

int layer_read(const struct layer_stream *s, struct entry_list *out, struct err *e)
{
	struct reader r = { .stream = s, .out = out };
	int done;

	spool_writer_init(&r.writer, s->spool);
	done = begin(&r, e);
	if (done >= 0)
		done = read_all(&r, e);
	if (done >= 0)
		done = spool_flush(&r.writer, e);
	end(&r);
	return done;
}

int layer_skim(const struct layer_stream *s, bool (*enough)(const struct entry *entry),
	struct entry_list *out, struct err *e)
{
	struct reader r = { .stream = s, .out = out };
	int done = begin(&r, e);

	if (done >= 0)
		done = skim_all(&r, enough, e);
	end(&r);
	return done;
}
