/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/content.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/auto.h"
#include "lib/io.h"
#include "lib/remove.h"
#include "tests/unit/tap.h"

static const char text[] = "the bytes of a file of a folder";

struct folder {
	char path[32];
	int fd;
	struct arena arena;
	struct stat st; /* of "file", which holds the text */
	const struct content *content;
};

static void put(int dir, const char *name, const char *bytes)
{
	auto_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	check_int(io_write(fd, bytes, strlen(bytes)), 0);
}

static void make(struct folder *f)
{
	const struct extent all = { 0, sizeof(text) - 1, 0 };

	*f = (struct folder){ .path = "/tmp/content-XXXXXX" };
	f->fd = open(mkdtemp(f->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(f->fd, "file", text);
	check_int(fstatat(f->fd, "file", &f->st, 0), 0);
	f->content = content_of_path(&f->arena, f->fd, "file", &f->st, &all, 1);
}

static void drop(struct folder *f)
{
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	auto_close_fd(&f->fd);
	check_int(remove_below(root, f->path + 1), 0);
	arena_release(&f->arena);
}

static void a_file_of_a_folder_is_read_where_it_lies(void)
{
	char bytes[sizeof(text)] = { 0 };
	struct folder f;
	struct err e;

	make(&f);
	check_int(f.content->size, sizeof(text) - 1);
	check_int(content_pread(f.content, bytes, sizeof(bytes), 0, &e), sizeof(text) - 1);
	check_text(bytes, text);
	put(f.fd, "copy", "");
	{
		auto_close int to = openat(f.fd, "copy", O_RDWR | O_CLOEXEC);

		memset(bytes, 0, sizeof(bytes));
		check_int(content_write(f.content, to, &e), 0);
		check_int(io_pread(to, bytes, sizeof(bytes), 0), sizeof(text) - 1);
		check_text(bytes, text);
	}
	drop(&f);
}

static void refused(const struct folder *f, int code, const char *reason)
{
	char bytes[4];
	struct err e = { 0 };

	check_int(content_fetch(f->content, bytes, sizeof(bytes), 0, &e), code);
	check_text(e.text, reason);
	check_int(content_pread(f->content, bytes, sizeof(bytes), 0, &e), code);
}

static void a_file_that_has_changed_is_refused(void)
{
	struct folder f;

	make(&f);
	put(f.fd, "file", "other text, and as long as it was");
	refused(&f, -EBUSY,
		"'file' has changed while it was read; try again when nobody writes it, or "
		"leave it out with --exclude");
	drop(&f);
}

static void another_file_of_the_name_is_refused(void)
{
	struct folder f;

	make(&f);
	put(f.fd, "other", text);
	check_int(renameat(f.fd, "other", f.fd, "file"), 0);
	refused(&f, -EBUSY,
		"'file' has changed while it was read; try again when nobody writes it, or "
		"leave it out with --exclude");
	drop(&f);
}

static void a_link_in_its_place_is_not_followed(void)
{
	struct folder f;

	make(&f);
	check_int(renameat(f.fd, "file", f.fd, "other"), 0);
	check_int(symlinkat("other", f.fd, "file"), 0);
	refused(&f, -ELOOP, "cannot open 'file': Too many levels of symbolic links");
	drop(&f);
}

int main(void)
{
	RUN(a_file_of_a_folder_is_read_where_it_lies);
	RUN(a_file_that_has_changed_is_refused);
	RUN(another_file_of_the_name_is_refused);
	RUN(a_link_in_its_place_is_not_followed);
	return tap_done();
}
