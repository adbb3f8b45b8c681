/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/output.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/mem.h"
#include "lib/remove.h"
#include "tests/unit/tap.h"

static const struct timespec when = { 1234567890, 123456789 };

static struct node *add(
	struct tree *t, struct node *dir, const char *name, enum inode_type type, uint32_t mode)
{
	struct inode *i = tree_inode(t, type);

	i->mode = mode;
	i->mtime = when;
	return tree_link(t, dir, name, strlen(name), i);
}

static struct node *add_file(
	struct tree *t, struct node *dir, const char *name, uint32_t mode, const char *text)
{
	struct node *n = add(t, dir, name, INODE_FILE, mode);

	n->inode->content = content_of_bytes(tree_arena(t), text, strlen(text));
	return n;
}

static struct xattr *attributes(struct tree *t, struct node *n, uint32_t count)
{
	struct xattr *x = arena_alloc(tree_arena(t), count * sizeof(*x));

	n->inode->xattrs = x;
	n->inode->xattr_count = count;
	return x;
}

/* cap_net_raw=ep as the kernel stores it: linux/capability.h, struct vfs_cap_data. */
static const char net_raw[20] = { 1, 0, 0, 2, 0, 0x20 };
/* u::rw- u:7:r-- g::r-- m::rw- o::---, linux/posix_acl_xattr.h. */
static const char acl[] =
	"\2\0\0\0\1\0\6\0\377\377\377\377\2\0\4\0\7\0\0\0"
	"\4\0\4\0\377\377\377\377\20\0\6\0\377\377\377\377\40\0\0\0\377\377\377\377";

/* One of everything, owners and devices too where `root` may make them. */
static struct tree *everything(bool root)
{
	struct tree *t = tree_new();
	struct node *sub, *n, *top = tree_root(t);
	uint32_t uid = root ? 101 : getuid(), gid = root ? 4000000000u : getgid();
	struct xattr *x;

	top->inode->mode = 0755;
	top->inode->mtime = when;
	top->inode->uid = root ? 0 : getuid();
	top->inode->gid = root ? 0 : getgid();
	sub = add(t, top, "sub", INODE_DIR, 01775);
	n = add_file(t, sub, "caps", 04755, "setuid");
	x = attributes(t, n, root ? 2 : 1);
	x[0] = (struct xattr){ "security.capability", net_raw, sizeof(net_raw) };
	if (root)
		x[1] = (struct xattr){ "user.note", "hello", 5 };
	else
		x[0] = (struct xattr){ "user.note", "hello", 5 };
	tree_link(t, top, "zz-link", 7, n->inode);
	tree_link(t, top, "a-link", 6, n->inode);
	n = add_file(t, sub, "acl", 0660, "acl");
	x = attributes(t, n, 1);
	x[0] = (struct xattr){ "system.posix_acl_access", acl, sizeof(acl) - 1 };
	add(t, sub, "empty", INODE_FILE, 0);
	add(t, sub, "closed", INODE_DIR, 0);
	add(t, sub, "fifo", INODE_FIFO, 0640);
	n = add(t, sub, "link", INODE_SYMLINK, 0777);
	n->inode->target = "../nowhere";
	if (root) {
		n = add(t, sub, "null", INODE_CHAR, 0666);
		n->inode->major = 1;
		n->inode->minor = 3;
	}
	for (n = sub; n; n = n == sub ? sub->first_child : n->next_sibling) {
		n->inode->uid = uid;
		n->inode->gid = gid;
	}
	tree_sort(t);
	return t;
}

static int scratch(char path[64])
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(path, 64, "%s/output-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static void clean(const char *path)
{
	auto_close int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	check_int(remove_below(top, path + 1), 0);
}

static int write_as(struct tree *t, const char *format, int fd, struct buf *notes)
{
	static const struct image_config config = { .architecture = "amd64", .os = "linux" };
	struct output o = { .tree = t, .notes = notes, .config = &config };
	struct err e = { 0 };
	int r = output_find(format, "", &o.format, &e);

	if (r == 0)
		r = output_write(&o, fd, &e);
	if (r < 0)
		printf("# %s\n", e.text);
	return r;
}

static void check_stat(int dir, const char *path, mode_t mode, uint32_t gid)
{
	struct stat st = { 0 };

	check_int(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	check_int(st.st_mode, mode);
	check_int(st.st_gid, gid);
	check_int(st.st_mtim.tv_sec, when.tv_sec);
	check_int(st.st_mtim.tv_nsec, when.tv_nsec);
}

static void directory_has_everything(void)
{
	bool root = geteuid() == 0;
	struct tree *t = everything(root);
	uint32_t gid = root ? 4000000000u : getgid();
	auto_buf struct buf notes = { 0 };
	struct stat a = { 0 }, b = { 0 };
	char path[64], value[64], self[64];
	auto_close int dir = scratch(path), fd = -1;

	check_int(write_as(t, "dir", dir, &notes), 0);
	check_stat(dir, ".", S_IFDIR | 0755, root ? 0 : gid);
	check_stat(dir, "sub", S_IFDIR | 01775, gid);
	check_stat(dir, "sub/caps", S_IFREG | 04755, gid);
	check_stat(dir, "sub/acl", S_IFREG | 0660, gid);
	check_stat(dir, "sub/closed", S_IFDIR | 0, gid);
	check_stat(dir, "sub/empty", S_IFREG | 0, gid);
	check_stat(dir, "sub/fifo", S_IFIFO | 0640, gid);
	check_stat(dir, "sub/link", S_IFLNK | 0777, gid);
	if (root)
		check_stat(dir, "sub/null", S_IFCHR | 0666, gid);
	check_int(fstatat(dir, "a-link", &a, 0), 0);
	check_int(fstatat(dir, "sub/caps", &b, 0), 0);
	check_int(a.st_ino, b.st_ino);
	check_int(a.st_nlink, 3);
	fd = openat(dir, "sub/caps", O_RDONLY | O_CLOEXEC);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (root) {
		check_int(getxattr(self, "security.capability", value, sizeof(value)), 20);
		check(!memcmp(value, net_raw, 20));
	}
	check_int(read(fd, value, sizeof(value)), 6);
	tree_free(t);
	clean(path);
}

static void default_acl_of_the_parent_is_not_inherited(void)
{
	/* u::rwx g::rwx o::rwx u:7:rwx m::rwx */
	static const char all[] =
		"\2\0\0\0\1\0\7\0\377\377\377\377\2\0\7\0\7\0\0\0"
		"\4\0\7\0\377\377\377\377\20\0\7\0\377\377\377\377\40\0\7\0\377\377\377\377";
	struct tree *t = everything(geteuid() == 0);
	char path[64], value[128];
	auto_close int dir = scratch(path);

	if (fsetxattr(dir, "system.posix_acl_default", all, sizeof(all) - 1, 0) < 0)
		SKIP("no ACLs in the temporary directory");
	check_int(write_as(t, "dir", dir, NULL), 0);
	check_int(fgetxattr(dir, "system.posix_acl_default", value, sizeof(value)), -1);
	check_int(mkdirat(dir, "sub/new", 0700), 0);
	auto_close int sub = openat(dir, "sub/new", O_RDONLY | O_CLOEXEC);
	check_int(fgetxattr(sub, "system.posix_acl_default", value, sizeof(value)), -1);
	tree_free(t);
	clean(path);
}

static void deep_directories_take_few_descriptors(void)
{
	enum { DEPTH = 1500 };
	struct tree *t = everything(false);
	struct node *at = tree_root(t);
	char path[64];
	auto_close int dir = scratch(path);

	for (int i = 0; i < DEPTH; i++) {
		at = add(t, at, "d", INODE_DIR, 0500);
		at->inode->uid = getuid();
		at->inode->gid = getgid();
	}
	tree_sort(t);
	check_int(write_as(t, "dir", dir, NULL), 0);
	check_stat(dir, "d/d/d/d", S_IFDIR | 0500, getgid());
	tree_free(t);
	clean(path);
}

static void nothing_that_exists_is_touched(void)
{
	struct tree *t = everything(geteuid() == 0);
	struct output o = { .tree = t };
	struct err e = { 0 };
	char path[64], text[8] = "";
	auto_close int dir = scratch(path), fd = -1;

	check_int(mkdirat(dir, "sub", 0700), 0);
	check_int(output_find("dir", "", &o.format, &e), 0);
	check_int(output_write(&o, dir, &e), -EEXIST);
	check_text(e.text, "cannot make the directory 'sub': File exists");
	fd = openat(dir, "a-link", O_RDONLY | O_CLOEXEC);
	check_int(read(fd, text, sizeof(text)), 6);
	tree_free(t);
	clean(path);
}

static void read_all(int fd, struct buf *b)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *to = buf_room(b, (size_t)size);

	check_int(pread(fd, to, (size_t)size, 0), size);
	buf_added(b, (size_t)size);
}

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
	RUN(directory_has_everything);
	RUN(default_acl_of_the_parent_is_not_inherited);
	RUN(deep_directories_take_few_descriptors);
	RUN(nothing_that_exists_is_touched);
	RUN(archives_are_the_same_each_time);
	RUN(tar_has_everything);
	RUN(initramfs_has_what_cpio_holds);
	RUN(large_files_come_behind_the_small_ones_before_them);
	RUN(initramfs_refuses_what_is_too_big);
	RUN(erofs_refuses_what_is_too_big);
	RUN(holes_stay_holes);
	RUN(format_follows_from_the_name);
	return tap_done();
}
