/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/output.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>

#include "tests/unit/trees.h"

/* One line an entry, as libarchive reads it back. */
static void list(int fd, struct buf *out)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;

	check_int(lseek(fd, 0, SEEK_SET), 0);
	archive_read_support_filter_all(a);
	archive_read_support_format_all(a);
	check_int(archive_read_open_fd(a, fd, 65536), ARCHIVE_OK);
	while (archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		const char *link = archive_entry_hardlink(entry);
		const char *symlink = archive_entry_symlink(entry);

		buf_printf(out, "%o %lld:%lld %lld %lld.%09ld %d,%d %s%s%s x%d\n",
			(unsigned)archive_entry_mode(entry),
			(long long)archive_entry_uid(entry),
			(long long)archive_entry_gid(entry),
			(long long)archive_entry_size(entry),
			(long long)archive_entry_mtime(entry), archive_entry_mtime_nsec(entry),
			(int)archive_entry_rdevmajor(entry),
			(int)archive_entry_rdevminor(entry), archive_entry_pathname(entry),
			link || symlink ? " -> " : "",
			link      ? link
			: symlink ? symlink
				  : "",
			archive_entry_xattr_count(entry));
	}
	archive_read_free(a);
}

static void tar_has_everything(void)
{
	struct tree *t = everything(true);
	auto_buf struct buf text = { 0 };
	auto_close int fd = memfd_create("archive", MFD_CLOEXEC);

	check_int(write_as(t, "tar", fd, NULL), 0);
	list(fd, &text);
	check_text(text.bytes,
		"40755 0:0 0 1234567890.123456789 0,0 ./ x0\n"
		"104755 101:4000000000 6 1234567890.123456789 0,0 a-link x2\n"
		"41775 101:4000000000 0 1234567890.123456789 0,0 sub/ x0\n"
		"100660 101:4000000000 3 1234567890.123456789 0,0 sub/acl x1\n"
		"4755 101:4000000000 0 1234567890.123456789 0,0 sub/caps -> a-link x0\n"
		"40000 101:4000000000 0 1234567890.123456789 0,0 sub/closed/ x0\n"
		"100000 101:4000000000 0 1234567890.123456789 0,0 sub/empty x0\n"
		"10640 101:4000000000 0 1234567890.123456789 0,0 sub/fifo x0\n"
		"120777 101:4000000000 0 1234567890.123456789 0,0 sub/link -> ../nowhere x0\n"
		"20666 101:4000000000 0 1234567890.123456789 1,3 sub/null x0\n"
		"4755 101:4000000000 0 1234567890.123456789 0,0 zz-link -> a-link x0\n");
	tree_free(t);
}

static void initramfs_has_what_cpio_holds(void)
{
	struct tree *t = everything(true);
	auto_buf struct buf text = { 0 }, notes = { 0 };
	auto_close int fd = memfd_create("archive", MFD_CLOEXEC);

	check_int(write_as(t, "cpio.gz", fd, &notes), 0);
	list(fd, &text);
	check(strstr(text.bytes, "40755 0:0 0 1234567890.000000000 0,0 . x0\n") != NULL);
	/* The bytes come with the last name. */
	check(strstr(text.bytes, ":4000000000 0 1234567890.000000000 0,0 a-link") != NULL);
	check(strstr(text.bytes, ":4000000000 6 1234567890.000000000 0,0 zz-link") != NULL);
	check(strstr(text.bytes, " 1,3 sub/null x0\n") != NULL);
	check_text(notes.bytes,
		"3 extended attributes (file capabilities, ACLs) were left out: "
		"an initramfs has none\n");
	tree_free(t);
}

/* Large files are written past the buffer in which small ones are collected. */
static void large_files_come_behind_the_small_ones_before_them(void)
{
	enum { LARGE = 150 * 1024 };
	static const char *const formats[] = { "cpio", "tar" };
	auto_free char *large = xmalloc(LARGE + 1);

	memset(large, 'x', LARGE);
	large[LARGE] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		auto_buf struct buf notes = { 0 }, names = { 0 };
		auto_close int fd = memfd_create("archive", MFD_CLOEXEC);
		struct tree *t = tree_new();

		(void)add_file(t, tree_root(t), "a", 0644, "small");
		(void)add_file(t, tree_root(t), "b", 0644, large);
		tree_sort(t);
		check_int(write_as(t, formats[i], fd, &notes), 0);
		list(fd, &names);
		check(names.bytes && strstr(names.bytes, "a ") < strstr(names.bytes, "b "));
		check(names.bytes && strstr(names.bytes, "b ") != NULL);
		tree_free(t);
	}
}

static void initramfs_refuses_what_is_too_big(void)
{
	struct tree *t = tree_new();
	struct output o = { .tree = t };
	struct err e = { 0 };
	auto_close int fd = memfd_create("archive", MFD_CLOEXEC);

	add(t, tree_root(t), "big", INODE_FILE, 0644)->inode->content = content_of_extents(
		tree_arena(t), fd, (uint64_t)1 << 32, NULL, 0);
	tree_sort(t);
	check_int(output_find(NULL, "x.cpio", &o.format, &e), 0);
	check_int(output_write(&o, fd, &e), -EFBIG);
	check(strstr(e.text, "'big'") && strstr(e.text, "4 GiB"));
	tree_free(t);
}

int main(void)
{
	RUN(tar_has_everything);
	RUN(initramfs_has_what_cpio_holds);
	RUN(large_files_come_behind_the_small_ones_before_them);
	RUN(initramfs_refuses_what_is_too_big);
	return tap_done();
}
