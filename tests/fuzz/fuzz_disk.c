/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an EROFS that a boot record is read out of. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "boot/boot.h"
#include "cbox/disk.h"
#include "lib/auto.h"
#include "lib/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	auto_close int fd = memfd_create("disk", MFD_CLOEXEC);
	auto_buf struct buf record = { 0 };
	struct err e;

	if (io_write(fd, bytes, size) < 0 || !disk_is(fd))
		return 0;
	if (disk_load(fd, BOOT_PATH, BOOT_SIZE_MAX, &record, &e) >= 0 &&
		record.size > BOOT_SIZE_MAX)
		__builtin_trap();
	return 0;
}
