/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/medium.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/build.h"
#include "builder/tree/content.h"
#include "cbox/disk.h"
#include "cbox/initrd.h"
#include "lib/auto.h"
#include "lib/extract.h"
#include "lib/io.h"

void medium_init(struct medium *s)
{
	*s = (struct medium){ .initrd = -1, .disk = -1, .dir = -1 };
}

void medium_release(struct medium *s)
{
	if (!s)
		return;
	auto_close_fd(&s->initrd);
	auto_close_fd(&s->disk);
	auto_close_fd(&s->dir);
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

static int use_initramfs(struct medium *s, int fd, struct record *record, struct err *e)
{
	int r = extract_each(fd, take_record, record, e);

	s->path = s->operand;
	return r > 0 ? record_decode(record, e) : r;
}

static int use_disk(struct medium *s, int *fd, struct record *record, struct err *e)
{
	int r = disk_load(*fd, BOOT_PATH, BOOT_SIZE_MAX + 1, &record->bytes, e);

	s->disk = take_fd(fd);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return record_decode(record, e);
}

static int use_file(
	struct medium *s, int *fd, uint64_t size, struct record *record, struct err *e)
{
	unsigned growth = growth_of(*fd);

	s->size = size * (growth ? growth : 1);
	if (growth)
		return use_initramfs(s, *fd, record, e);
	return disk_is(*fd) ? use_disk(s, fd, record, e) : 0;
}

int medium_open(struct medium *s, const char *path, struct record *record, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot open '%s'", path);
	s->operand = path;
	if (S_ISREG(st.st_mode)) {
		r = use_file(s, &fd, (uint64_t)st.st_size, record, e);
	} else if (S_ISDIR(st.st_mode) && faccessat(fd, "oci-layout", F_OK, 0) < 0) {
		s->dir = take_fd(&fd);
		r = record_load(record, s->dir, e);
	}
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

static int write_tree(
	struct build *b, const char *format, int *out, struct medium *s, struct err *e)
{
	auto_close int fd = io_scratch(NULL, e);
	int r = fd < 0 ? fd : build_write(b, format, fd, e);
	struct stat st;

	if (r < 0)
		return r;
	if (fstat(fd, &st) == 0)
		s->size = (uint64_t)st.st_size;
	*out = take_fd(&fd);
	return 0;
}

/* A machine unpacks so much sooner than it loads the modules that a disk needs. */
enum { SMALL = 16 * 1024 * 1024 };

/* Small, and nothing in it that an initramfs has no place for. */
static bool is_small(const struct tree *t)
{
	const struct node *root = tree_root(t);
	uint64_t size = 0;

	for (const struct node *n = root; n; n = tree_next(root, n)) {
		size += n->inode->content ? n->inode->content->size : 0;
		if (n->inode->xattr_count || size > SMALL)
			return false;
	}
	return true;
}

/* Why the root has to be an initramfs; NULL where it need not. */
static const char *no_disk(const struct modules *drivers, const struct record *record)
{
	if (!drivers)
		return "this kernel's modules for a disk are not known";
	if (record->boot.root)
		return "its boot record names a root of its own";
	return record->boot.modules.count ? "its boot record names modules in it" : NULL;
}

/* The root gets our own process 1, also where it has an older one. */
static int pack(
	struct medium *s, const struct modules *drivers, struct record *record, struct err *e)
{
	const struct build_request request = {
		.inputs = &s->operand, .input_count = 1, .image.limits = LIMITS_DEFAULT
	};
	struct build *b = NULL;
	bool as_disk = false;
	int r = build_tree(&request, &b, e);

	if (r == 0 && !record->found)
		r = record_of_tree(b->tree, record, e);
	if (r == 0 && !is_small(b->tree)) {
		s->why = no_disk(drivers, record);
		as_disk = !s->why;
	}
	if (r == 0)
		r = as_disk ? write_tree(b, "erofs", &s->disk, s, e)
			    : write_tree(b, "cpio", &s->initrd, s, e);
	build_free(b);
	return r;
}

int medium_make(
	struct medium *s, const struct modules *drivers, struct record *record, struct err *e)
{
	static const struct modules none;
	int r = 0;

	if (s->path)
		return 0;
	if (s->disk < 0)
		r = pack(s, drivers, record, e);
	if (r == 0 && s->disk >= 0)
		r = initrd_make(drivers ? drivers : &none, &s->initrd, e);
	return r;
}
