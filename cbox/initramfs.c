/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/source.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/extract.h"
#include "lib/io.h"

void source_init(struct source *s)
{
	*s = (struct source){ .fd = -1, .root = -1 };
}

void source_release(struct source *s)
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

static int use_initramfs(struct source *s, const char *path, int fd, unsigned growth,
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

int source_open(struct source *s, const char *path, struct record *record, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned growth;

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	growth = growth_of(fd);
	if (growth)
		return use_initramfs(s, path, fd, growth, record, e);
	return err_set(e, -EINVAL, "'%s' is not an initramfs", path);
}
