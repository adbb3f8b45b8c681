/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/extract.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

struct extract {
	struct archive *archive;
};

static void extract_release(struct extract *u)
{
	(void)archive_read_free(u->archive);
}

#define auto_extract released_by(extract_release)

static int complain(struct extract *u, struct err *e)
{
	const char *why = archive_error_string(u->archive);

	return err_set(e, -EINVAL, "cannot unpack: %s", why ? why : "unknown error");
}

/* Filters that libarchive has inside; none that would start a program. */
static void support_filters(struct archive *a)
{
	int (*const filters[])(struct archive *) = {
		archive_read_support_filter_gzip,
		archive_read_support_filter_bzip2,
		archive_read_support_filter_xz,
		archive_read_support_filter_lzma,
		archive_read_support_filter_lz4,
		archive_read_support_filter_zstd,
	};

	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		(void)filters[i](a);
}

static int extract_init(struct extract *u, struct err *e)
{
	u->archive = archive_read_new();
	if (!u->archive)
		return err_set(e, -ENOMEM, "out of memory");
	support_filters(u->archive);
	return 0;
}

int extract_file(struct extract *u, size_t limit, struct buf *to, struct err *e)
{
	enum { CHUNK = 256 * 1024 };

	for (;;) {
		la_ssize_t n = archive_read_data(u->archive, buf_room(to, CHUNK), CHUNK);

		if (n == ARCHIVE_RETRY)
			continue;
		if (n < 0)
			return complain(u, e);
		if (n == 0)
			return 0;
		buf_added(to, (size_t)n);
		if (to->size > limit)
			return err_set(e, -EFBIG, "cannot unpack: more than %zu bytes", limit);
	}
}

int extract_bytes(const void *from, size_t size, size_t limit, struct buf *to, struct err *e)
{
	auto_extract struct extract u;
	struct archive_entry *entry;
	int r = extract_init(&u, e);

	if (r < 0)
		return r;
	(void)archive_read_support_format_raw(u.archive);
	if (archive_read_open_memory(u.archive, from, size) != ARCHIVE_OK ||
		archive_read_next_header(u.archive, &entry) != ARCHIVE_OK)
		return complain(&u, e);
	return extract_file(&u, limit, to, e);
}

ssize_t extract_peek(int fd, char *to, size_t size)
{
	auto_extract struct extract x;
	struct archive_entry *entry;
	struct err ignored;
	la_ssize_t n;

	if (extract_init(&x, &ignored) < 0)
		return -ENOMEM;
	(void)archive_read_support_format_raw(x.archive);
	if (lseek(fd, 0, SEEK_SET) < 0 ||
		archive_read_open_fd(x.archive, fd, 64 * 1024) != ARCHIVE_OK ||
		archive_read_next_header(x.archive, &entry) != ARCHIVE_OK)
		return -EINVAL;
	n = archive_read_data(x.archive, to, size);
	(void)lseek(fd, 0, SEEK_SET);
	return n < 0 ? -EINVAL : n;
}

static const char *plain_path(const char *path)
{
	while (path[0] == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	return path;
}

int extract_each(int fd, extract_visit *visit, void *context, struct err *e)
{
	enum { BLOCK = 64 * 1024 };
	auto_extract struct extract u;
	struct archive_entry *entry;
	int r = extract_init(&u, e);

	if (r < 0)
		return r;
	(void)archive_read_support_format_tar(u.archive);
	(void)archive_read_support_format_cpio(u.archive);
	if (archive_read_open_fd(u.archive, fd, BLOCK) != ARCHIVE_OK)
		return complain(&u, e);
	while ((r = archive_read_next_header(u.archive, &entry)) != ARCHIVE_EOF) {
		const char *path;

		if (r < ARCHIVE_WARN)
			return complain(&u, e);
		path = archive_entry_pathname(entry);
		if (!path || archive_entry_filetype(entry) != AE_IFREG)
			continue;
		r = visit(
			&u, plain_path(path), (uint64_t)archive_entry_size(entry), context, e);
		if (r)
			return r;
	}
	return 0;
}
