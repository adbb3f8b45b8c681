/* SPDX-License-Identifier: Apache-2.0 */
/* Gives files, and the files of folders, to a fuzz harness, one test a file; speaks TAP. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/auto.h"
#include "lib/buf.h"
#include "lib/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay_file(int dir, const char *name, int *number)
{
	auto_buf struct buf bytes = { 0 };
	uint8_t *exact;
	struct err e;

	if (io_load(dir, name, &bytes, 64 << 20, &e) < 0) {
		printf("not ok %d - %s\n", ++*number, e.text);
		return 1;
	}
	/* Of exactly its size, so that a sanitizer sees a read behind it. */
	exact = malloc(bytes.size ? bytes.size : 1);
	if (exact && bytes.size)
		memcpy(exact, bytes.bytes, bytes.size);
	(void)LLVMFuzzerTestOneInput(exact, bytes.size);
	free(exact);
	printf("ok %d - %s\n", ++*number, name);
	return 0;
}

static int replay(const char *path, int *number)
{
	auto_closed DIR *dir = opendir(path);
	const struct dirent *d;
	int failed = 0;

	if (!dir)
		return replay_file(AT_FDCWD, path, number);
	while ((d = readdir(dir)))
		if (*d->d_name != '.')
			failed |= replay_file(dirfd(dir), d->d_name, number);
	return failed;
}

int main(int argc, char **argv)
{
	int number = 0, failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i], &number);
	printf("1..%d\n", number);
	return failed;
}
