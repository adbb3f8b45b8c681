/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/record.h"

#include <fcntl.h>
#include <sys/random.h>

#include "lib/beneath.h"

void record_init(struct record *r)
{
	boot_init(&r->boot);
	buf_init(&r->bytes);
	arena_init(&r->arena);
	r->found = false;
}

void record_release(struct record *r)
{
	if (!r)
		return;
	buf_release(&r->bytes);
	arena_release(&r->arena);
}

int record_random_name(struct record *r, const char **name, struct err *e)
{
	enum { NAME_BYTES = 6 };
	unsigned char bytes[NAME_BYTES];
	char *text = arena_alloc(&r->arena, 2 * NAME_BYTES + 1);

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(e, "cannot get random bytes");
	for (size_t i = 0; i < NAME_BYTES; i++) {
		text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	*name = text;
	return 0;
}

int record_decode(struct record *r, struct err *e)
{
	struct boot_error why;
	int code = boot_decode(&r->boot, r->bytes.bytes, r->bytes.size, &why);

	if (code < 0)
		return err_set(e, code, "boot record '%s': byte %zu: %s%s%s", BOOT_PATH,
			why.offset, why.key ? why.key : "", why.key ? ": " : "", why.why);
	r->found = true;
	return 0;
}

int record_load(struct record *r, int root, struct err *e)
{
	/* One byte more than a record may have is read, so that decoding refuses a longer one.
	 */
	int code = beneath_load(root, BOOT_PATH, &r->bytes, BOOT_SIZE_MAX + 1, e);

	if (code == -ENOENT || code == -ENOTDIR)
		return 0;
	if (code < 0)
		return err_at(e, code, "boot record: ");
	return record_decode(r, e);
}

int record_encode(const struct record *r, struct buf *out, struct err *e)
{
	struct boot_error why;
	long size = boot_encode(&r->boot, NULL, 0, &why);

	if (size >= 0)
		size = boot_encode(&r->boot, buf_room(out, (size_t)size), (size_t)size, &why);
	if (size < 0)
		return err_set(e, (int)size, "boot record: %s%s%s", why.key ? why.key : "",
			why.key ? ": " : "", why.why);
	buf_added(out, (size_t)size);
	return 0;
}
