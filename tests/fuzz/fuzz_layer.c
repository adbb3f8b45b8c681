/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an image archive or a root tar: opened, its layers read and merged. What comes
 * of it is written as a tar again, which must read as the same tree.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/image/image.h"
#include "builder/merge/merge.h"
#include "builder/output/output.h"
#include "builder/tree/dump.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct rootfs {
	struct tree *tree;
	struct image *image;
};

static void rootfs_release(struct rootfs *r)
{
	tree_free(r->tree);
	image_free(r->image);
}

#define auto_rootfs released_by(rootfs_release)

static int merge_one(size_t layer, struct entry_list *entries, void *context, struct err *e)
{
	(void)layer;
	return merge_layer(context, entries, NULL, e);
}

static int read_rootfs(int fd, bool is_root, struct rootfs *to, struct err *e)
{
	const struct image_options options = {
		.limits = { .size = 8 << 20, .entries = 10000, .ratio = 1100 },
		.is_root = is_root,
		.threads = 1,
	};
	const struct merge_options rules = { .limits = options.limits };
	struct merge *m;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	to->tree = tree_new();
	r = image_open(path, &options, &to->image, e);
	if (r < 0)
		return r;
	m = merge_new(to->tree, &rules);
	r = image_read(to->image, merge_one, m, e);
	merge_free(m);
	tree_sort(to->tree);
	return r;
}

static char *dump(const struct rootfs *r)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	struct err e;

	if (!to || tree_dump(r->tree, to, DUMP_MTIME | DUMP_CONTENT, &e) < 0)
		abort();
	(void)fclose(to);
	return text;
}

static void write_again(const struct rootfs *before)
{
	auto_buf struct buf notes = { 0 };
	auto_close int fd = memfd_create("again", MFD_CLOEXEC);
	auto_rootfs struct rootfs after = { 0 };
	struct output o = { .tree = before->tree, .notes = &notes };
	struct err e;

	if (output_find("tar", "", &o.format, &e) < 0)
		abort();
	/* What tar cannot hold is said, or is a reason to fail. */
	if (output_write(&o, fd, &e) < 0 || notes.size)
		return;
	if (read_rootfs(fd, true, &after, &e) < 0) {
		fprintf(stderr, "not read again: %s\n", e.text);
		abort();
	}
	auto_free char *was = dump(before), *is = dump(&after);

	if (strcmp(was, is) != 0) {
		fprintf(stderr, "%s--- is again\n%s", was, is);
		abort();
	}
}

/* Gives tar headers their checksum, so that what is changed in one is not all in vain. */
static void sum_headers(uint8_t *bytes, size_t size)
{
	enum { BLOCK = 512, SUM = 148, SUM_SIZE = 8, MAGIC = 257 };

	for (uint8_t *at = bytes; size >= BLOCK; at += BLOCK, size -= BLOCK) {
		unsigned sum = 0;

		if (memcmp(at + MAGIC, "ustar", 5) != 0)
			continue;
		memset(at + SUM, ' ', SUM_SIZE);
		for (size_t i = 0; i < BLOCK; i++)
			sum += at[i];
		(void)snprintf((char *)at + SUM, SUM_SIZE, "%06o", sum);
	}
}

/* The next descriptor that there would be: nothing may be left open. */
static int next_descriptor(void)
{
	auto_close int fd = dup(STDERR_FILENO);

	return fd;
}

static void read_once(const uint8_t *bytes, size_t size)
{
	auto_free uint8_t *summed = xmalloc(size ? size : 1);
	auto_close int fd = memfd_create("fuzz", MFD_CLOEXEC);
	auto_rootfs struct rootfs r = { 0 };
	struct err e = { 0 };

	if (size)
		memcpy(summed, bytes, size);
	sum_headers(summed, size);
	if (io_write(fd, summed, size) < 0)
		return;
	if (read_rootfs(fd, false, &r, &e) >= 0)
		write_again(&r);
	else if (!*e.text || strchr(e.text, '\n'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int before = next_descriptor();

	read_once(bytes, size);
	if (next_descriptor() != before)
		abort();
	return 0;
}
