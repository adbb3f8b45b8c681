/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/sha256.h"

/*
 * Tar archives made in memory, for tests of what reads them. `filter` is one of libarchive's
 * ("gzip", "zstd", "xz", "bzip2", "lz4") or NULL.
 */
struct tar {
	struct archive *archive;
	struct buf *to;
};

static inline la_ssize_t tar_write(
	struct archive *a, void *context, const void *bytes, size_t size)
{
	(void)a;
	buf_put(context, bytes, size);
	return (la_ssize_t)size;
}

static inline void tar_begin(struct tar *t, struct buf *to, const char *filter)
{
	*to = (struct buf){ 0 };
	t->to = to;
	t->archive = archive_write_new();
	(void)archive_write_set_format_pax_restricted(t->archive);
	if (filter)
		(void)archive_write_add_filter_by_name(t->archive, filter);
	(void)archive_write_set_bytes_in_last_block(t->archive, 1);
	(void)archive_write_open(t->archive, to, NULL, tar_write, NULL);
}

static inline struct archive_entry *tar_entry(const char *path, mode_t type, mode_t mode)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, mode);
	archive_entry_set_mtime(entry, 7, 0);
	return entry;
}

static inline void tar_put(
	struct tar *t, struct archive_entry *entry, const void *bytes, size_t size)
{
	archive_entry_set_size(entry, (la_int64_t)size);
	(void)archive_write_header(t->archive, entry);
	if (size)
		(void)archive_write_data(t->archive, bytes, size);
	archive_entry_free(entry);
}

static inline void tar_file(struct tar *t, const char *path, const void *bytes, size_t size)
{
	tar_put(t, tar_entry(path, S_IFREG, 0644), bytes, size);
}

static inline void tar_text(struct tar *t, const char *path, const char *text)
{
	tar_file(t, path, text, strlen(text));
}

static inline void tar_dir(struct tar *t, const char *path)
{
	tar_put(t, tar_entry(path, S_IFDIR, 0755), NULL, 0);
}

static inline void tar_symlink(struct tar *t, const char *path, const char *target)
{
	struct archive_entry *entry = tar_entry(path, S_IFLNK, 0777);

	archive_entry_set_symlink(entry, target);
	tar_put(t, entry, NULL, 0);
}

static inline void tar_end(struct tar *t)
{
	(void)archive_write_close(t->archive);
	(void)archive_write_free(t->archive);
}

static inline const char *digest_of(const struct buf *bytes, char digest[DIGEST_SIZE])
{
	auto_sha256 struct sha256 hash = { 0 };

	sha256_init(&hash);
	sha256_put(&hash, bytes->bytes, bytes->size);
	sha256_digest(&hash, digest);
	return digest;
}
