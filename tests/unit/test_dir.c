/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/output.h"

#include <sys/xattr.h>

#include "tests/unit/trees.h"

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

int main(void)
{
	RUN(directory_has_everything);
	RUN(default_acl_of_the_parent_is_not_inherited);
	RUN(deep_directories_take_few_descriptors);
	RUN(nothing_that_exists_is_touched);
	return tap_done();
}
