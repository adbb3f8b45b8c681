/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"

/* What decodes must encode, and decode again to a record that encodes to the same bytes. */
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
	struct both {
		struct boot first, second;
		char bytes[BOOT_SIZE_MAX + 1], once[BOOT_SIZE_MAX], twice[BOOT_SIZE_MAX];
	} *b = malloc(sizeof(*b));
	struct boot_error error;
	long n, again;

	if (!b)
		return 0;
	if (size > BOOT_SIZE_MAX)
		size = BOOT_SIZE_MAX + 1;
	memcpy(b->bytes, bytes, size);
	if (boot_decode(&b->first, b->bytes, size, &error) < 0) {
		if (!error.why)
			abort();
		free(b);
		return 0;
	}
	n = boot_encode(&b->first, b->once, sizeof(b->once), &error);
	if (n < 0)
		abort();
	memcpy(b->bytes, b->once, (size_t)n);
	if (boot_decode(&b->second, b->bytes, (size_t)n, &error) < 0)
		abort();
	again = boot_encode(&b->second, b->twice, sizeof(b->twice), &error);
	if (again != n || memcmp(b->once, b->twice, (size_t)n) != 0)
		abort();
	free(b);
	return 0;
}
