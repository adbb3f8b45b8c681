/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/initramfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/build.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/extract.h"
#include "lib/io.h"

void initramfs_init(struct initramfs *s)
{
	*s = (struct initramfs){ .fd = -1, .root = -1 };
}

void initramfs_release(struct initramfs *s)
{
	if (!s)
		return;
	auto_close_fd(&s->fd);
	auto_close_fd(&s->root);
}

/* How many times the file grows in memory, about; 0 when it is no initramfs (cpio newc). */
static unsigned growth_of(int fd)
{
	static const char magic[] = "07070";
	char plain[sizeof(magic) - 1], inside[sizeof(plain)];

	if (extract_peek(fd, inside, sizeof(inside)) != (ssize_t)sizeof(inside) ||
		io_pread(fd, plain, sizeof(plain), 0) != (ssize_t)sizeof(plain) ||
		memcmp(inside, magic, sizeof(inside)) != 0)
		return 0;
	return memcmp(plain, magic, sizeof(plain)) ? 4 : 1;
}

/* The path of the record in an archive. */
static int take_record(
	struct extract *x, const char *path, uint64_t size, void *context, struct err *e)
{
	struct record *record = context;
	int r;

	(void)size;
	if (strcmp(path, &BOOT_PATH[1]) != 0)
		return 0;
	r = extract_file(x, BOOT_SIZE_MAX + 1, &record->bytes, e);
	return r < 0 ? r : 1;
}

static int use_initramfs(struct initramfs *s, const char *path, int fd, unsigned growth,
	struct record *record, struct err *e)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot read '%s'", path);
	s->path = path;
	s->size = (uint64_t)st.st_size * growth;
	r = extract_each(fd, take_record, record, e);
	if (r > 0)
		r = record_decode(record, e);
	return r < 0 ? err_at(e, r, "'%s': ", path) : 0;
}

/* The boot record that was made for an image. */
static int record_of_tree(const struct tree *tree, struct record *record, struct err *e)
{
	const struct content *c;
	struct node *node;
	ssize_t n;

	if (tree_resolve(tree, BOOT_PATH, TREE_FOLLOW, &node) < 0)
		return 0;
	c = node->inode->content;
	if (node->inode->type != INODE_FILE || !c || c->size > BOOT_SIZE_MAX)
		return err_set(e, -EINVAL, "'%s' is no boot record", BOOT_PATH);
	n = content_pread(c, buf_room(&record->bytes, c->size), c->size, 0, e);
	if (n < 0)
		return (int)n;
	buf_added(&record->bytes, (size_t)n);
	return record_decode(record, e);
}

/* The initramfs gets our own process 1, also where the root has an older one. */
static int pack(struct initramfs *s, const char *path, struct record *record, struct err *e)
{
	const struct build_request request = {
		.inputs = &path, .input_count = 1, .image.limits = LIMITS_DEFAULT
	};
	struct build *b = NULL;
	struct stat st;
	int r = build_tree(&request, &b, e);

	if (r == 0 && !record->found)
		r = record_of_tree(b->tree, record, e);
	if (r == 0) {
		s->fd = io_scratch(NULL, e);
		r = s->fd < 0 ? s->fd : build_write(b, "cpio", s->fd, e);
	}
	if (r == 0 && fstat(s->fd, &st) == 0)
		s->size = (uint64_t)st.st_size;
	build_free(b);
	return r;
}

int initramfs_open(struct initramfs *s, const char *path, struct record *record, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	unsigned growth;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot open '%s'", path);
	growth = S_ISREG(st.st_mode) ? growth_of(fd) : 0;
	if (growth)
		return use_initramfs(s, path, fd, growth, record, e);
	if (S_ISDIR(st.st_mode) && faccessat(fd, "oci-layout", F_OK, 0) < 0) {
		s->root = take_fd(&fd);
		r = record_load(record, s->root, e);
	}
	return r < 0 ? err_at(e, r, "'%s': ", path) : pack(s, path, record, e);
}
