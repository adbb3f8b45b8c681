/* SPDX-License-Identifier: Apache-2.0 */
#include "init/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "init/fwcfg.h"
#include "init/say.h"

struct record *record_new(void)
{
	void *p = mmap(NULL, sizeof(struct record), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void record_free(struct record *r)
{
	if (r)
		(void)munmap(r, sizeof(*r));
}

/* One byte more than a record may have is read, so that decoding refuses a longer one. */
static int read_all(struct record *r, int fd)
{
	ssize_t n;

	r->size = 0;
	do {
		n = read(fd, r->bytes + r->size, sizeof(r->bytes) - r->size);
		if (n > 0)
			r->size += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int read_file(struct record *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), result;

	if (fd < 0)
		return -errno;
	result = read_all(r, fd);
	(void)close(fd);
	return result;
}

static int fetch(struct record *r, const struct init *in, const char **where)
{
	int result;

	if (in->options.boot_fd >= 0) {
		*where = "the descriptor";
		result = read_all(r, in->options.boot_fd);
		(void)close(in->options.boot_fd);
		return result == -ENOENT ? -EBADF : result;
	}
	if (in->role == ROLE_MACHINE) {
		long size = fwcfg_read(BOOT_FW_CFG, r->bytes, sizeof(r->bytes));

		*where = "fw_cfg " BOOT_FW_CFG;
		if (size >= 0) {
			r->size = (size_t)size;
			return 0;
		}
	}
	*where = BOOT_PATH;
	return read_file(r, BOOT_PATH);
}

int record_load(struct record *r, const struct init *in)
{
	struct boot_error why = { 0 };
	const char *where = NULL;
	int result = fetch(r, in, &where);

	if (result == -ENOENT || result == -ENOTDIR)
		return -ENOENT;
	if (result < 0) {
		say(SAY_ERROR, SAY_ERROR, "cannot read the boot record from %s: %e", where,
			-result);
		return result;
	}
	result = boot_decode(&r->boot, r->bytes, r->size, &why);
	if (result < 0)
		say(SAY_ERROR, SAY_ERROR, "boot record from %s: byte %l: %s%s%s", where,
			(long)why.offset, why.key ? why.key : "", why.key ? ": " : "", why.why);
	return result;
}
