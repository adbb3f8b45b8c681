/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/disk.h"

#include <endian.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/output/erofs_format.h"
#include "lib/auto.h"
#include "lib/io.h"

enum {
	BLOCK_LOG_MIN = 9,
	BLOCK_LOG_MAX = 16,
	DIRECTORY_MAX = 64 * 1024 * 1024,
	FEATURES_KNOWN = 0x7f, /* later ones change where inodes are and what they hold */
};

struct disk {
	int fd;
	size_t block;
	uint64_t inodes_at, root;
	uint64_t size; /* of what it lies in */
};

struct file {
	unsigned mode, layout;
	uint64_t size;
	uint64_t at;   /* of its blocks */
	uint64_t tail; /* of what lies behind the inode */
};

static int damaged(struct err *e)
{
	return err_set(e, -EINVAL, "the EROFS is damaged");
}

static int read_at(const struct disk *d, void *to, uint64_t size, uint64_t at, struct err *e)
{
	ssize_t n = at > INT64_MAX - size ? 0 : io_pread(d->fd, to, size, (off_t)at);

	if (n < 0)
		return err_code(e, (int)n, "cannot read the EROFS");
	return (uint64_t)n < size ? damaged(e) : 0;
}

static bool read_super(int fd, struct erofs_super *s)
{
	return io_pread(fd, s, sizeof(*s), EROFS_SUPER_AT) == (ssize_t)sizeof(*s) &&
	       le32toh(s->magic) == EROFS_MAGIC;
}

bool disk_is(int fd)
{
	struct erofs_super s;

	return read_super(fd, &s);
}

static int open_disk(struct disk *d, int fd, struct err *e)
{
	struct erofs_super s;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot examine the EROFS");
	if (!read_super(fd, &s) || s.block_log < BLOCK_LOG_MIN || s.block_log > BLOCK_LOG_MAX)
		return damaged(e);
	if ((le32toh(s.feature_incompat) & ~(uint32_t)FEATURES_KNOWN) || s.directory_block_log)
		return err_set(e, -ENOTSUP, "the EROFS has features that are not known here");
	*d = (struct disk){ fd, (size_t)1 << s.block_log,
		(uint64_t)le32toh(s.meta_block) << s.block_log, le16toh(s.root_nid),
		(uint64_t)st.st_size };
	return 0;
}

static int read_inode(const struct disk *d, uint64_t nid, struct file *f, struct err *e)
{
	uint64_t at = d->inodes_at + nid * EROFS_SLOT, count;
	struct erofs_extended x = { 0 };
	struct erofs_compact c;
	bool extended;
	int r = nid > UINT32_MAX * UINT64_C(16) ? damaged(e) : read_at(d, &c, sizeof(c), at, e);

	if (r < 0)
		return r;
	extended = le16toh(c.format) & EROFS_EXTENDED;
	if (extended)
		r = read_at(d, &x, sizeof(x), at, e);
	if (r < 0)
		return r;
	count = le16toh(c.xattr_count);
	*f = (struct file){
		.mode = le16toh(c.mode),
		.layout = le16toh(c.format) >> EROFS_LAYOUT_SHIFT & 7,
		.size = extended ? le64toh(x.size) : le32toh(c.size),
		.at = (uint64_t)le32toh(extended ? x.data : c.data) * d->block,
		.tail = at + (extended ? sizeof(x) : sizeof(c)) +
			(count ? sizeof(struct erofs_xattr_header) +
						(count - 1) * sizeof(struct erofs_xattr_entry)
			       : 0),
	};
	return 0;
}

static int read_data(const struct disk *d, const struct file *f, size_t limit, struct buf *out,
	struct err *e)
{
	uint64_t blocks = f->size / d->block, whole = f->size;
	char *to;
	int r;

	if (f->layout != EROFS_FLAT_PLAIN && f->layout != EROFS_FLAT_INLINE)
		return err_set(e, -ENOTSUP, "it is compressed in the EROFS, or has holes");
	if (f->size > limit)
		return err_set(e, -EFBIG, "longer than %zu bytes", limit);
	/* Before there is memory for as much. */
	if (f->size > d->size)
		return damaged(e);
	/* Of the last block all is behind the inode, also where it is full. */
	if (f->layout == EROFS_FLAT_INLINE && f->size)
		whole = (blocks - (f->size % d->block == 0)) * d->block;
	to = buf_room(out, f->size);
	r = read_at(d, to, whole, f->at, e);
	if (r == 0)
		r = read_at(d, to + whole, f->size - whole, f->tail, e);
	if (r == 0)
		buf_added(out, f->size);
	return r;
}

/* Looks a name up in one block of a directory. Returns 1 with its inode, 0, or -errno. */
static int find_in_block(const char *block, size_t size, const char *name, size_t length,
	uint64_t *nid, struct err *e)
{
	struct erofs_name n;
	size_t count, begin, end;

	if (size < sizeof(n))
		return damaged(e);
	memcpy(&n, block, sizeof(n));
	count = le16toh(n.name_at) / sizeof(n);
	if (!count || count * sizeof(n) > size)
		return damaged(e);
	for (size_t i = 0; i < count; i++) {
		memcpy(&n, block + i * sizeof(n), sizeof(n));
		begin = le16toh(n.name_at);
		*nid = (uint64_t)le32toh(n.nid_high) << 32 | le32toh(n.nid_low);
		end = size;
		if (i + 1 < count) {
			memcpy(&n, block + (i + 1) * sizeof(n), sizeof(n));
			end = le16toh(n.name_at);
		}
		if (begin > end || end > size)
			return damaged(e);
		if (strnlen(block + begin, end - begin) == length &&
			!memcmp(block + begin, name, length))
			return 1;
	}
	return 0;
}

static int find(
	const struct disk *d, const char *name, size_t length, struct file *f, struct err *e)
{
	auto_buf struct buf names = { 0 };
	uint64_t nid = 0;
	int r;

	if (!S_ISDIR(f->mode))
		return err_set(e, -ENOENT, "no such file");
	r = read_data(d, f, DIRECTORY_MAX, &names, e);
	for (size_t at = 0; r == 0 && at < names.size; at += d->block) {
		size_t left = names.size - at;

		r = find_in_block(names.bytes + at, left < d->block ? left : d->block, name,
			length, &nid, e);
	}
	if (r == 0)
		return err_set(e, -ENOENT, "no such file");
	return r < 0 ? r : read_inode(d, nid, f, e);
}

int disk_load(int fd, const char *path, size_t limit, struct buf *out, struct err *e)
{
	const char *at = path;
	struct disk d = { 0 };
	struct file f = { 0 };
	int r = open_disk(&d, fd, e);

	if (r == 0)
		r = read_inode(&d, d.root, &f, e);
	while (r == 0 && *(at += strspn(at, "/"))) {
		r = find(&d, at, strcspn(at, "/"), &f, e);
		at += strcspn(at, "/");
	}
	if (r == 0 && !S_ISREG(f.mode))
		r = err_set(e, -EINVAL, "not a regular file");
	if (r == 0)
		r = read_data(&d, &f, limit, out, e);
	return r < 0 ? err_at(e, r, "'%s': ", path) : 0;
}
