/* SPDX-License-Identifier: Apache-2.0 */
/* attributes FILE…: prints each extended attribute of each, "FILE NAME=HEXADECIMAL". */
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

static int show(const char *path, const char *name)
{
	unsigned char value[4096];
	ssize_t n = lgetxattr(path, name, value, sizeof(value));

	if (n < 0) {
		perror(name);
		return 1;
	}
	printf("%s %s=", path, name);
	for (ssize_t i = 0; i < n; i++)
		printf("%02x", value[i]);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++) {
		char names[4096];
		ssize_t size = llistxattr(argv[i], names, sizeof(names));

		if (size < 0) {
			perror(argv[i]);
			failed = 1;
		}
		for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1)
			failed |= show(argv[i], names + at);
	}
	return failed;
}
