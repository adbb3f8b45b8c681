/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an image archive or a root tar: opened, its layers read and merged. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/image/image.h"
#include "builder/merge/merge.h"
#include "lib/auto.h"
#include "lib/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int merge_one(size_t layer, struct entry_list *entries, void *context, struct err *e)
{
	(void)layer;
	return merge_layer(context, entries, NULL, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct image_options options = {
		.limits = { .size = 64 << 20, .entries = 10000, .ratio = 1100 },
		.threads = 1,
	};
	const struct merge_options rules = { .limits = options.limits };
	auto_close int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct tree *t = tree_new();
	struct merge *m = merge_new(t, &rules);
	struct image *i = NULL;
	struct err e;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (io_write(fd, bytes, size) >= 0 && image_open(path, &options, &i, &e) >= 0 &&
		image_read(i, merge_one, m, &e) >= 0)
		tree_sort(t);
	image_free(i);
	merge_free(m);
	tree_free(t);
	return 0;
}
