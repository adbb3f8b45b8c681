/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/mem.h"

void io_hold_standard(void)
{
	/* The lowest number that is free is the one that is closed. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

ssize_t io_read(int fd, void *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)to + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t io_pread(int fd, void *to, size_t size, off_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)to + done, size - done, offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int io_write(int fd, const void *from, size_t size)
{
	const char *at = from;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int io_pwrite(int fd, const void *from, size_t size, off_t offset)
{
	const char *at = from;

	while (size) {
		ssize_t n = pwrite(fd, at, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}

static int copy_by_hand(int from, off_t offset, uint64_t size, int to)
{
	enum { CHUNK = 256 * 1024 };
	auto_free char *bytes = xmalloc(CHUNK);

	while (size) {
		ssize_t n = io_pread(from, bytes, size < CHUNK ? (size_t)size : CHUNK, offset);
		int r;

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		r = io_write(to, bytes, (size_t)n);
		if (r < 0)
			return r;
		offset += n;
		size -= (uint64_t)n;
	}
	return 0;
}

int io_copy(int from, off_t offset, uint64_t size, int to)
{
	while (size) {
		size_t chunk = size < (1u << 30) ? (size_t)size : 1u << 30;
		ssize_t n = copy_file_range(from, &offset, to, NULL, chunk, 0);

		if (n < 0 && errno == EINTR)
			continue;
		/* Not between these two (EXDEV, pipes, O_APPEND, old kernels), or at the end.
		 */
		if (n <= 0)
			return copy_by_hand(from, offset, size, to);
		size -= (uint64_t)n;
	}
	return 0;
}

int io_slurp(int fd, struct buf *b, size_t limit)
{
	enum { CHUNK = 64 * 1024 };
	size_t total = 0;

	for (;;) {
		ssize_t n = io_read(fd, buf_room(b, CHUNK), CHUNK);

		if (n < 0)
			return (int)n;
		buf_added(b, (size_t)n);
		total += (size_t)n;
		if (total > limit)
			return -EFBIG;
		if (n < CHUNK)
			return 0;
	}
}

int io_denied(int path, int r, struct err *e)
{
	struct stat st;

	if (r != -EACCES)
		return r;
	if (path < 0 || fstat(path, &st) < 0)
		return err_hint(e, r,
			"a folder above it is closed to you: become its owner, or let its owner "
			"type 'chmod a+x' for it");
	return err_hint(e, r,
		"it belongs to user %u: become that user, or let them type 'chmod %s' for it",
		st.st_uid, S_ISDIR(st.st_mode) ? "a+rx" : "a+r");
}

int io_load(int dirfd, const char *path, struct buf *b, size_t limit, struct err *e)
{
	/* O_NONBLOCK so that opening a FIFO cannot wait for ever. */
	auto_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0) {
		auto_close int there = -1;

		r = err_sys(e, "cannot open '%s'", path);
		there = openat(dirfd, path, O_PATH | O_CLOEXEC);
		return io_denied(there, r, e);
	}
	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot examine '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is not a regular file", path);
	r = io_slurp(fd, b, limit);
	if (r == -EFBIG)
		return err_set(e, r, "'%s' is larger than %zu bytes", path, limit);
	return r < 0 ? err_code(e, r, "cannot read '%s'", path) : 0;
}

int io_scratch(const char *dir, struct err *e)
{
	const char *where = dir ? dir : getenv("TMPDIR");
	auto_free char *name = NULL;
	int fd;

	if (!where || !*where)
		where = "/tmp";
	fd = open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	name = xasprintf("%s/.scratch-XXXXXX", where);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot make a temporary file in '%s'", where);
	(void)unlink(name);
	return fd;
}
