/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	0x1f1	u8	setup sectors behind the first (0: 4)
 *	0x202	"HdrS"
 *	0x206	u16	version of the protocol
 *	0x248	u32	offset of the payload, from the end of the setup sectors
 *	0x24c	u32	its length, with the unpacked size (u32) at its end where it is not gzip
 */
#include "qemu/vmlinux.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "lib/extract.h"
#include "qemu/elf.h"

enum {
	HEADER_SIZE = 0x250,
	SECTOR = 512,
	PAYLOAD_PROTOCOL = 0x208,
	KERNEL_MAX = 512 * 1024 * 1024,
};

static uint32_t get32(const char *from)
{
	uint32_t n;

	memcpy(&n, from, sizeof(n));
	return le32toh(n);
}

static uint16_t get16(const char *from)
{
	uint16_t n;

	memcpy(&n, from, sizeof(n));
	return le16toh(n);
}

bool vmlinux_is_bzimage(const char *bytes, size_t size)
{
	return size >= HEADER_SIZE && !memcmp(bytes + 0x202, "HdrS", 4);
}

/* Where the payload is; false where the header names none. */
static bool find_payload(const char *image, size_t size, size_t *at, size_t *length)
{
	size_t sectors, offset, payload;

	if (!vmlinux_is_bzimage(image, size) || get16(image + 0x206) < PAYLOAD_PROTOCOL)
		return false;
	sectors = (unsigned char)image[0x1f1];
	offset = ((sectors ? sectors : 4) + 1) * SECTOR + get32(image + 0x248);
	payload = get32(image + 0x24c);
	if (offset > size || payload > size - offset || payload < 8)
		return false;
	*at = offset;
	*length = payload;
	return true;
}

int vmlinux_extract(const char *bzimage, size_t size, struct buf *to, struct err *e)
{
	static const char gzip[] = "\x1f\x8b";
	size_t at, length;
	int r;

	if (!find_payload(bzimage, size, &at, &length))
		return err_set(e, -ENOEXEC, "not a bzImage with a payload");
	if (memcmp(bzimage + at, gzip, 2) != 0)
		length -= sizeof(uint32_t);
	r = extract_bytes(bzimage + at, length, KERNEL_MAX, to, e);
	if (r < 0)
		return err_at(e, -ENOEXEC, "kernel inside the bzImage: ");
	if (!elf_boots_by_pvh(to->bytes, to->size))
		return err_set(e, -ENOEXEC, "the kernel inside the bzImage has no PVH entry");
	return 0;
}
