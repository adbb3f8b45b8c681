/* SPDX-License-Identifier: Apache-2.0 */
#include "init/fwcfg.h"

#include <errno.h>

#if defined(__x86_64__)

#include <stdint.h>
#include <string.h>
#include <sys/io.h>

/*
 * Port 0x510 takes the selector (16 bits), 0x511 gives the item's bytes, one after another.
 * The directory (selector 0x19): a count, then entries; all numbers big-endian.
 *
 *	size: u32   selector: u16   reserved: u16   name: 56 bytes, NUL-ended
 */
enum { PORT_SELECTOR = 0x510, PORT_DATA = 0x511, SIGNATURE = 0x0000, DIRECTORY = 0x0019 };

struct entry {
	uint8_t size[4], selector[2], reserved[2];
	char name[56];
};

static void select_item(unsigned selector)
{
	outw((unsigned short)selector, PORT_SELECTOR);
}

static uint32_t big_endian(const uint8_t bytes[4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* Byte by byte: musl's insb does not tell the compiler that it writes to memory. */
static void take(void *to, size_t size)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < size; i++)
		bytes[i] = inb(PORT_DATA);
}

/* Finds the file's entry in the directory. */
static int find(const char *name, struct entry *e)
{
	uint8_t count[4];

	select_item(DIRECTORY);
	take(count, sizeof(count));
	for (uint32_t i = big_endian(count); i > 0; i--) {
		take(e, sizeof(*e));
		if (!strncmp(e->name, name, sizeof(e->name)))
			return 0;
	}
	return -ENOENT;
}

static long read_item(const char *name, char *to, size_t size)
{
	char signature[4];
	struct entry e;
	uint32_t length;

	select_item(SIGNATURE);
	take(signature, sizeof(signature));
	if (memcmp(signature, "QEMU", sizeof(signature)) || find(name, &e) < 0)
		return -ENOENT;
	length = big_endian(e.size);
	if (length > size)
		return -EFBIG;
	select_item((unsigned)e.selector[0] << 8 | e.selector[1]);
	take(to, length);
	return (long)length;
}

long fwcfg_read(const char *name, char *to, size_t size)
{
	long result;

	if (ioperm(PORT_SELECTOR, 2, 1) < 0)
		return -ENOENT;
	result = read_item(name, to, size);
	(void)ioperm(PORT_SELECTOR, 2, 0);
	return result;
}

#else

/* Elsewhere fw_cfg is memory-mapped, at an address that only a driver knows. */
long fwcfg_read(const char *name, char *to, size_t size)
{
	(void)name;
	(void)to;
	(void)size;
	return -ENOENT;
}

#endif
