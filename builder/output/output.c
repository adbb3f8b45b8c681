/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/io.h"

const struct output_format output_formats[] = {
	{ "dir", "directory", NULL, "a directory", OUTPUT_DIR, false, NULL, output_dir },
	{ "tar", NULL, ".tar", "a tar archive (pax)", OUTPUT_STREAM, false, NULL, output_tar },
	{ "tar.gz", "tgz", ".tar.gz", "tar, gzip", OUTPUT_STREAM, false, "gzip", output_tar },
	{ "tar.zst", "tzst", ".tar.zst", "tar, zstd", OUTPUT_STREAM, false, "zstd",
		output_tar },
	{ "cpio", "initramfs", ".cpio", "an initramfs (cpio newc)", OUTPUT_STREAM, true, NULL,
		output_cpio },
	{ "cpio.gz", "initramfs.gz", ".cpio.gz", "initramfs, gzip", OUTPUT_STREAM, true, "gzip",
		output_cpio },
	{ "cpio.zst", "initramfs.zst", ".cpio.zst", "initramfs, zstd", OUTPUT_STREAM, true,
		"zstd", output_cpio },
	{ "ext4", NULL, ".ext4", "an ext4 disk", OUTPUT_FILE, false, NULL, output_ext4 },
	{ "squashfs", "sqfs", ".squashfs", "a squashfs (read-only, zstd)", OUTPUT_FILE, false,
		NULL, output_squashfs },
	{ "erofs", NULL, ".erofs", "an EROFS (read-only, not compressed)", OUTPUT_STREAM, false,
		NULL, output_erofs },
	{ "bundle", NULL, NULL, "an OCI bundle for runc and crun", OUTPUT_DIR, false, NULL,
		output_bundle },
	{ "oci", NULL, ".oci", "an OCI image layout", OUTPUT_DIR, false, "gzip", output_oci },
	{ "oci.tar", NULL, ".oci.tar", "an OCI image layout in an archive", OUTPUT_STREAM,
		false, "gzip", output_oci_archive },
	{ "docker", NULL, ".docker.tar", "an archive for docker load and podman load",
		OUTPUT_STREAM, false, NULL, output_docker },
};

const size_t output_format_count = ARRAY_LEN(output_formats);

static const struct output_format *by_name(const char *name)
{
	for (size_t i = 0; i < output_format_count; i++) {
		const struct output_format *f = &output_formats[i];

		if (!strcmp(name, f->name) || (f->alias && !strcmp(name, f->alias)))
			return f;
	}
	return NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && !strcmp(text + n - m, end);
}

static bool suffix_fits(const struct output_format *f, const char *path)
{
	auto_buf struct buf short_form = { 0 };

	if (!f->suffix)
		return false;
	buf_printf(&short_form, ".%s", f->alias ? f->alias : f->name);
	return ends_with(path, f->suffix) || ends_with(path, short_form.bytes);
}

/* The longest that fits: a .oci.tar is a .tar too. */
static const struct output_format *by_suffix(const char *path)
{
	const struct output_format *best = NULL;

	for (size_t i = 0; i < output_format_count; i++) {
		const struct output_format *f = &output_formats[i];

		if (suffix_fits(f, path) && (!best || strlen(f->suffix) > strlen(best->suffix)))
			best = f;
	}
	return best ? best : &output_formats[0];
}

int output_find(
	const char *name, const char *path, const struct output_format **out, struct err *e)
{
	auto_buf struct buf known = { 0 };

	*out = name ? by_name(name) : by_suffix(path);
	if (*out)
		return 0;
	for (size_t i = 0; i < output_format_count; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", output_formats[i].name);
	return err_set(e, -EINVAL, "no format is called '%s'; there are %s", name, known.bytes);
}

bool output_is_image(const struct output_format *f)
{
	return f->write == output_oci || f->write == output_oci_archive ||
	       f->write == output_docker;
}

int output_write(const struct output *o, int fd, struct err *e)
{
	return o->format->write(o, fd, e);
}

void output_note(const struct output *o, const char *format, ...)
{
	char line[1024];
	va_list ap;

	if (!o->notes)
		return;
	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	buf_printf(o->notes, "%s\n", line);
}

/* Programs have their own words for it, or none. */
static bool is_full(int fd)
{
	enum { MORE = 1 << 20 };
	struct stat st;

	return fstat(fd, &st) == 0 && fallocate(fd, 0, st.st_size, MORE) < 0 && errno == ENOSPC;
}

void output_quote(int log, int fd, struct err *e)
{
	char text[512];
	ssize_t n = io_pread(log, text, sizeof(text) - 1, 0);

	if (is_full(fd))
		(void)err_hint(e, 0, "%s", strerror(ENOSPC));
	if (n <= 0)
		return;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	(void)err_hint(e, 0, "it says '%s'", text);
}
