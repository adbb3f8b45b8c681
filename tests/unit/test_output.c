/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/output.h"

#include <sys/mman.h>

#include "tests/unit/trees.h"

static void archives_are_the_same_each_time(void)
{
	for (size_t i = 1; i < output_format_count; i++) {
		auto_buf struct buf first = { 0 }, second = { 0 };

		if (output_formats[i].kind != OUTPUT_STREAM)
			continue;
		for (int j = 0; j < 2; j++) {
			auto_close int fd = memfd_create("archive", MFD_CLOEXEC);
			struct tree *t = everything(true);

			check_int(write_as(t, output_formats[i].name, fd, NULL), 0);
			read_all(fd, j ? &second : &first);
			tree_free(t);
		}
		check_int(first.size, second.size);
		check(!memcmp(first.bytes, second.bytes, first.size));
	}
}

static void erofs_refuses_what_is_too_big(void)
{
	static const struct extent extents[] = { { 0, (uint64_t)1 << 44, 0 } };
	struct tree *t = tree_new();
	struct output o = { .tree = t };
	struct err e = { 0 };
	struct stat st = { 0 };
	auto_close int fd = memfd_create("erofs", MFD_CLOEXEC);

	add(t, tree_root(t), "big", INODE_FILE, 0644)->inode->content = content_of_extents(
		tree_arena(t), fd, (uint64_t)1 << 44, extents, 1);
	tree_sort(t);
	check_int(output_find(NULL, "x.erofs", &o.format, &e), 0);
	check_int(output_write(&o, fd, &e), -EFBIG);
	check(strstr(e.text, "'/big': an EROFS ends at 16 TiB") == e.text);
	check_int(fstat(fd, &st), 0);
	check_int(st.st_size, 0);
	tree_free(t);
}

static void holes_stay_holes(void)
{
	enum { MEBI = 1 << 20 };
	static const struct extent extents[] = { { 4 * MEBI, 5, 0 } };
	struct tree *t = tree_new();
	char path[64];
	struct stat st = { 0 };
	auto_close int dir = scratch(path), source = memfd_create("source", MFD_CLOEXEC),
		       tar = memfd_create("tar", MFD_CLOEXEC);
	struct node *n;

	check_int(write(source, "bytes", 5), 5);
	n = add(t, tree_root(t), "some", INODE_FILE, 0644);
	n->inode->content = content_of_extents(tree_arena(t), source, 16 * MEBI, extents, 1);
	n = add(t, tree_root(t), "none", INODE_FILE, 0644);
	n->inode->content = content_of_extents(
		tree_arena(t), source, 1024LL * MEBI * MEBI, NULL, 0);
	for (n = tree_root(t); n; n = n == tree_root(t) ? n->first_child : n->next_sibling) {
		n->inode->uid = getuid();
		n->inode->gid = getgid();
	}
	tree_sort(t);
	check_int(write_as(t, "tar", tar, NULL), 0);
	check_int(fstat(tar, &st), 0);
	check(st.st_size < 16 * 1024);
	tree_unlink(t, tree_child(t, tree_root(t), "none", 4));
	check_int(write_as(t, "dir", dir, NULL), 0);
	check_int(fstatat(dir, "some", &st, 0), 0);
	check_int(st.st_size, 16 * MEBI);
	check(st.st_blocks < 64);
	tree_free(t);
	clean(path);
}

static void format_follows_from_the_name(void)
{
	static const struct {
		const char *name, *path, *format;
	} rows[] = {
		{ NULL, "rootfs", "dir" },
		{ NULL, "dir.d/x.tar", "tar" },
		{ NULL, "x.tar.gz", "tar.gz" },
		{ NULL, "x.tgz", "tar.gz" },
		{ NULL, "x.tar.zst", "tar.zst" },
		{ NULL, "x.cpio", "cpio" },
		{ NULL, "x.cpio.gz", "cpio.gz" },
		{ NULL, ".tar", "dir" },
		{ "tar", "x.cpio", "tar" },
		{ "initramfs", "x", "cpio" },
	};
	const struct output_format *f = NULL;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check_int(output_find(rows[i].name, rows[i].path, &f, &e), 0);
		check_text(f->name, rows[i].format);
	}
	check_int(output_find("floppy", "x", &f, &e), -EINVAL);
	check(strstr(e.text, "no format is called 'floppy'; there are dir, tar, ") == e.text);
}

int main(void)
{
	RUN(archives_are_the_same_each_time);
	RUN(erofs_refuses_what_is_too_big);
	RUN(holes_stay_holes);
	RUN(format_follows_from_the_name);
	return tap_done();
}
