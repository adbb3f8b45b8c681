/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/image/layer.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/beneath.h"
#include "lib/io.h"
#include "lib/sha256.h"
#include "lib/unpack.h"

enum { CHUNK = 256 * 1024, LINKS_MAX = 8, DOCUMENT_MAX = 4 * 1024 * 1024 };

struct feed {
	int fd;
	char *bytes;
	uint64_t taken;
};

static int feed_next(void *context, const void **bytes, size_t *size, struct err *e)
{
	struct feed *f = context;
	ssize_t n = io_read(f->fd, f->bytes, CHUNK);

	if (n < 0)
		return err_code(e, (int)n, "cannot read");
	f->taken += (uint64_t)n;
	*bytes = f->bytes;
	*size = (size_t)n;
	return 0;
}

static int64_t feed_skip(void *context, int64_t size)
{
	struct feed *f = context;

	return lseek(f->fd, size, SEEK_CUR) < 0 ? 0 : size;
}

static int pour(struct unpack *u, const struct feed *feed, int to, const struct limits *limits,
	struct err *e)
{
	auto_free char *bytes = xmalloc(CHUNK);
	uint64_t total = 0;
	size_t size;
	int r;

	while ((r = unpack_read(u, bytes, CHUNK, &size, e)) >= 0 && size) {
		total += size;
		r = limits_check(limits, feed->taken, total, e);
		if (r < 0)
			return r;
		r = io_write(to, bytes, size);
		if (r < 0)
			return err_code(e, r, "cannot write a scratch file");
	}
	return r;
}

/* Sets s->archive: the file itself, or a plain copy of it. */
static int settle(struct source *s, int *fd, const char *scratch, const struct limits *limits,
	struct err *e)
{
	auto_free char *bytes = xmalloc(CHUNK);
	struct feed feed = { .fd = *fd, .bytes = bytes };
	auto_close int copy = -1;
	struct unpack *u = NULL;
	int r = unpack_new(feed_next, &feed, &u, e);

	if (r < 0)
		return r;
	if (!strcmp(unpack_format(u), "none") && lseek(*fd, 0, SEEK_SET) == 0) {
		s->archive = take_fd(fd);
	} else {
		copy = io_scratch(scratch, e);
		r = copy < 0 ? copy : pour(u, &feed, copy, limits, e);
		s->archive = take_fd(&copy);
	}
	unpack_free(u);
	return r;
}

/* What no image archive has at its top, and every root file system of a distribution does. */
static bool is_of_a_root(const struct entry *entry)
{
	static const char *const names[] = { "bin", "etc", "usr", "lib", "dev", "proc", "var",
		".dockerenv" };
	const char *path = entry->path;
	size_t length;

	path += strspn(path, "./");
	length = strcspn(path, "/");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == length && !memcmp(names[i], path, length))
			return true;
	return false;
}

static const char *member_name(const char *path)
{
	while (path[0] == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	return path;
}

/* Of equal names the last in the archive is sorted last. */
static int by_name(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	int order = strcmp(member_name(x->path), member_name(y->path));

	return order ? order : (x > y) - (x < y);
}

static void make_index(struct source *s)
{
	size_t kept = 0;

	s->index = xmalloc((s->members.count + 1) * sizeof(*s->index));
	for (size_t i = 0; i < s->members.count; i++)
		s->index[i] = &s->members.items[i];
	if (s->members.count)
		qsort(s->index, s->members.count, sizeof(*s->index), by_name);
	for (size_t i = 0; i < s->members.count; i++) {
		if (kept && !strcmp(member_name(s->index[kept - 1]->path),
				    member_name(s->index[i]->path)))
			kept--;
		s->index[kept++] = s->index[i];
	}
	s->index_count = kept;
}

static int read_index(struct source *s, struct err *e)
{
	auto_free char *bytes = xmalloc(CHUNK);
	struct feed feed = { .fd = s->archive, .bytes = bytes };
	const struct layer_stream stream = {
		.next = feed_next,
		.context = &feed,
		.skip = feed_skip,
		.fd = s->archive,
	};
	struct stat st;
	int r;

	if (fstat(s->archive, &st) < 0 || lseek(s->archive, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot read");
	s->size = (uint64_t)st.st_size;
	r = layer_skim(&stream, is_of_a_root, &s->members, e);
	if (r < 0)
		return r;
	s->partial = s->members.count && is_of_a_root(&s->members.items[s->members.count - 1]);
	make_index(s);
	return 0;
}

int source_open(struct source *s, const char *path, const char *scratch,
	const struct limits *limits, struct err *e)
{
	auto_close int fd = -1;
	struct stat st;
	int r;

	*s = (struct source){ .path = path, .dir = -1, .archive = -1 };
	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY); /* host path */
	if (fd < 0 || fstat(fd, &st) < 0) {
		auto_close int there = -1;

		r = err_sys(e, "cannot open '%s'", path);
		there = open(path, O_PATH | O_CLOEXEC); /* host path */
		return io_denied(there, r, e);
	}
	if (S_ISDIR(st.st_mode)) {
		s->dir = take_fd(&fd);
		return 0;
	}
	r = settle(s, &fd, scratch, limits, e);
	if (r >= 0)
		r = read_index(s, e);
	return r < 0 ? err_at(e, r, "'%s': ", path) : 0;
}

void source_release(struct source *s)
{
	if (!s)
		return;
	if (s->dir >= 0)
		(void)close(s->dir);
	if (s->archive >= 0)
		(void)close(s->archive);
	source_forget(s);
}

void source_forget(struct source *s)
{
	free(s->index);
	s->index = NULL;
	s->index_count = 0;
	entry_list_release(&s->members);
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, member_name((*(struct entry *const *)item)->path));
}

static const struct entry *member(const struct source *s, const char *name)
{
	struct entry *const *found = bsearch(
		name, s->index, s->index_count, sizeof(*s->index), compare_name);

	return found ? *found : NULL;
}

bool source_has(const struct source *s, const char *name)
{
	if (s->archive >= 0)
		return member(s, name) != NULL;
	auto_close int fd = beneath_open(s->dir, name, O_PATH, 0);

	return fd >= 0;
}

/* The name that `target`, found in the link `from`, means: cleaned, -EINVAL when it leads out.
 */
static int link_name(const char *from, const char *target, bool relative, struct buf *to)
{
	const char *slash = strrchr(from, '/');

	if (relative && *target != '/' && slash)
		buf_put(to, from, (size_t)(slash - from));
	while (*target) {
		size_t length = strcspn(target, "/");

		if (length == 2 && !memcmp(target, "..", 2)) {
			const char *up;

			if (!to->size)
				return -EINVAL;
			up = memrchr(to->bytes, '/', to->size);
			to->size = up ? (size_t)(up - to->bytes) : 0;
		} else if (length && !(length == 1 && *target == '.')) {
			if (to->size)
				buf_putc(to, '/');
			buf_put(to, target, length);
		}
		target += length + strspn(target + length, "/");
	}
	buf_putc(to, '\0');
	return 0;
}

static int find_member(
	const struct source *s, const char *name, struct blob *blob, struct err *e)
{
	auto_buf struct buf at = { 0 };

	buf_puts(&at, name);
	for (int links = 0; links < LINKS_MAX; links++) {
		const struct entry *m = member(s, at.bytes);
		auto_buf struct buf next = { 0 };

		if (!m)
			return err_set(e, -ENOENT, "has no member '%s'", at.bytes);
		if (m->inode && m->inode->type == INODE_FILE && m->inode->content) {
			const struct content *c = m->inode->content;

			*blob = (struct blob){ s->archive, false,
				c->extent_count ? c->extents[0].offset : 0, c->size };
			return 0;
		}
		if (!m->link && (!m->inode || m->inode->type != INODE_SYMLINK))
			return err_set(e, -EINVAL, "member '%s' is not a plain file", at.bytes);
		if (link_name(at.bytes, m->link ? m->link : m->inode->target, !m->link, &next) <
			0)
			return err_set(e, -EINVAL, "member '%s' is a link out of the archive",
				at.bytes);
		buf_release(&at);
		at = next;
		next = (struct buf){ 0 };
	}
	return err_set(e, -ELOOP, "member '%s' is a loop of links", name);
}

static int find_file(const struct source *s, const char *name, struct blob *blob, struct err *e)
{
	/* O_NONBLOCK: a FIFO must not be waited for. */
	auto_close int fd = beneath_open(s->dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0) {
		auto_close int there = beneath_open(s->dir, name, O_PATH, 0);

		return io_denied(there, err_code(e, fd, "cannot open '%s'", name), e);
	}
	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot examine '%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is not a regular file", name);
	*blob = (struct blob){ take_fd(&fd), true, 0, (uint64_t)st.st_size };
	return 0;
}

int source_find(const struct source *s, const char *name, struct blob *blob, struct err *e)
{
	return s->archive >= 0 ? find_member(s, name, blob, e) : find_file(s, name, blob, e);
}

void blob_release(struct blob *b)
{
	if (b && b->owned && b->fd >= 0)
		(void)close(b->fd);
	if (b)
		b->fd = -1;
}

int blob_load(const struct blob *b, const char *name, const char *digest, struct buf *to,
	struct err *e)
{
	auto_sha256 struct sha256 hash = { 0 };
	char got[DIGEST_SIZE];
	ssize_t n;

	if (b->size > DOCUMENT_MAX)
		return err_set(e, -EFBIG, "'%s' is larger than %d bytes", name, DOCUMENT_MAX);
	n = io_pread(
		b->fd, buf_room(to, (size_t)b->size + 1), (size_t)b->size, (off_t)b->offset);
	if (n < 0)
		return err_code(e, (int)n, "cannot read '%s'", name);
	if ((uint64_t)n != b->size)
		return err_set(e, -EIO, "'%s' ends too early", name);
	buf_added(to, (size_t)n);
	sha256_init(&hash);
	sha256_put(&hash, to->bytes, to->size);
	sha256_digest(&hash, got);
	if (digest && strcmp(got, digest) != 0)
		return err_set(
			e, -EBADMSG, "'%s' is not what its digest says, but %s", name, got);
	return 0;
}
