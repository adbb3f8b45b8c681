/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/output/output.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/mem.h"
#include "lib/remove.h"
#include "tests/unit/tap.h"

/* Trees made by hand, and folders to write them to, for tests of what writes them. */
static const struct timespec when = { 1234567890, 123456789 };

static inline struct node *add(
	struct tree *t, struct node *dir, const char *name, enum inode_type type, uint32_t mode)
{
	struct inode *i = tree_inode(t, type);

	i->mode = mode;
	i->mtime = when;
	return tree_link(t, dir, name, strlen(name), i);
}

static inline struct node *add_file(
	struct tree *t, struct node *dir, const char *name, uint32_t mode, const char *text)
{
	struct node *n = add(t, dir, name, INODE_FILE, mode);

	n->inode->content = content_of_bytes(tree_arena(t), text, strlen(text));
	return n;
}

static inline struct xattr *attributes(struct tree *t, struct node *n, uint32_t count)
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
static inline struct tree *everything(bool root)
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

static inline int scratch(char path[64])
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(path, 64, "%s/output-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static inline void clean(char path[64])
{
	char *slash = strrchr(path, '/');
	auto_close int top = -1;

	*slash = '\0';
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check_int(remove_below(top, slash + 1), 0);
}

static inline int write_as(struct tree *t, const char *format, int fd, struct buf *notes)
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

static inline void read_all(int fd, struct buf *b)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *to = buf_room(b, (size_t)size);

	check_int(pread(fd, to, (size_t)size, 0), size);
	buf_added(b, (size_t)size);
}
