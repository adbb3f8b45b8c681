/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/disk.h"

#include <sys/mman.h>

#include "builder/output/erofs_format.h"
#include "lib/io.h"
#include "tests/unit/trees.h"

enum { NAMES = 500, LONG = 3 * EROFS_BLOCK + 7, LIMIT = 1 << 20 };

static struct node *add_bytes(struct tree *t, struct node *dir, const char *name, size_t size)
{
	struct node *n = add(t, dir, name, INODE_FILE, 0644);
	char *bytes = xmalloc(size + 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 31 + i / EROFS_BLOCK);
	n->inode->content = content_of_bytes(tree_arena(t), bytes, size);
	free(bytes);
	return n;
}

/* A root as cbuild writes it; a directory of many blocks, files of all layouts. */
static int make_disk(void)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);
	struct tree *t = tree_new();
	struct buf notes = { 0 };
	struct output o = { .tree = t, .notes = &notes };
	struct err e = { 0 };
	struct node *etc = add(t, tree_root(t), "etc", INODE_DIR, 0755);

	add_file(t, etc, "short", 0644, "a few bytes");
	add_bytes(t, etc, "block", EROFS_BLOCK);
	add_bytes(t, etc, "long", LONG);
	add(t, etc, "empty", INODE_FILE, 0644);
	add(t, etc, "link", INODE_SYMLINK, 0777)->inode->target = "short";
	for (int i = 0; i < NAMES; i++) {
		char *name = arena_printf(tree_arena(t), "some-name-%d", i);

		add_file(t, etc, name, 0644, name);
	}
	tree_sort(t);
	check_int(output_find("erofs", "", &o.format, &e), 0);
	check_int(output_write(&o, fd, &e), 0);
	check_text(e.text, "");
	tree_free(t);
	buf_release(&notes);
	return fd;
}

static int load(int fd, const char *path, struct buf *out, struct err *e)
{
	*out = (struct buf){ 0 };
	*e = (struct err){ 0 };
	return disk_load(fd, path, LIMIT, out, e);
}

static void files_of_every_layout_are_read(void)
{
	static const struct {
		const char *path;
		size_t size;
	} files[] = { { "/etc/short", 11 }, { "/etc/block", EROFS_BLOCK },
		{ "/etc/long", LONG }, { "/etc/empty", 0 }, { "/etc/some-name-0", 11 },
		{ "/etc/some-name-499", 13 } };
	auto_close int fd = make_disk();
	struct err e;

	check(disk_is(fd));
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct buf out;

		check_int(load(fd, files[i].path, &out, &e), 0);
		check_text(e.text, "");
		check_int(out.size, files[i].size);
		if (i == 2 && out.size == LONG)
			for (size_t at = 0; at < LONG; at += 97)
				check_int(out.bytes[at], (char)(at * 31 + at / EROFS_BLOCK));
		buf_release(&out);
	}
}

static void what_is_no_file_there_is_said(void)
{
	static const struct {
		const char *path;
		int code;
		const char *why;
	} cases[] = {
		{ "/etc/nothing", -ENOENT, "'/etc/nothing': no such file" },
		{ "/etc/short/more", -ENOENT, "'/etc/short/more': no such file" },
		{ "/etc/shor", -ENOENT, "'/etc/shor': no such file" },
		{ "/etc", -EINVAL, "'/etc': not a regular file" },
		{ "/etc/link", -EINVAL, "'/etc/link': not a regular file" },
	};
	auto_close int fd = make_disk();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out;
		struct err e;

		check_int(load(fd, cases[i].path, &out, &e), cases[i].code);
		check_text(e.text, cases[i].why);
		buf_release(&out);
	}
}

static void a_file_beyond_the_limit_is_refused(void)
{
	auto_close int fd = make_disk();
	struct buf out = { 0 };
	struct err e;

	check_int(disk_load(fd, "/etc/long", LONG - 1, &out, &e), -EFBIG);
	check_int(out.size, 0);
	buf_release(&out);
}

static void other_files_are_no_disk(void)
{
	auto_close int fd = memfd_create("other", MFD_CLOEXEC);

	check(!disk_is(fd));
	check_int(ftruncate(fd, LIMIT), 0);
	check(!disk_is(fd));
}

/* Every byte of the first block, where the inodes are, is set wrong: it ends, whatever comes.
 */
static void a_damaged_disk_is_read_within_its_bounds(void)
{
	static const unsigned char wrong[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	auto_close int fd = make_disk();
	struct buf out;
	struct err e;

	for (off_t at = EROFS_SUPER_AT; at < EROFS_BLOCK; at++) {
		char was;

		check_int(io_pread(fd, &was, 1, at), 1);
		for (size_t i = 0; i < sizeof(wrong); i++) {
			if (io_pwrite(fd, &wrong[i], 1, at) < 0)
				check(false);
			(void)!load(fd, "/etc/some-name-250", &out, &e);
			buf_release(&out);
		}
		if (io_pwrite(fd, &was, 1, at) < 0)
			check(false);
	}
	check_int(load(fd, "/etc/some-name-250", &out, &e), 0);
	buf_release(&out);
}

static void a_disk_cut_anywhere_is_read_within_its_bounds(void)
{
	auto_close int fd = make_disk();
	off_t end = lseek(fd, 0, SEEK_END);
	int r = 0;

	for (off_t size = end; size > EROFS_BLOCK; size -= EROFS_BLOCK / 2) {
		struct buf out;
		struct err e;

		check_int(ftruncate(fd, size), 0);
		r = load(fd, "/etc/long", &out, &e);
		check(r == 0 || r == -EINVAL);
		buf_release(&out);
	}
	check_int(r, -EINVAL);
}

int main(void)
{
	RUN(files_of_every_layout_are_read);
	RUN(what_is_no_file_there_is_said);
	RUN(a_file_beyond_the_limit_is_refused);
	RUN(other_files_are_no_disk);
	RUN(a_damaged_disk_is_read_within_its_bounds);
	RUN(a_disk_cut_anywhere_is_read_within_its_bounds);
	return tap_done();
}
