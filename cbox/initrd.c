/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/initrd.h"

#include <fcntl.h>
#include <string.h>

#include "builder/build.h"
#include "builder/merge/adapt.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/io.h"

enum { INIT_MAX = 16 * 1024 * 1024 };

static int put_init(struct tree *t, struct err *e)
{
	const struct adapt a = { .tree = t };
	auto_free char *path = NULL;
	auto_buf struct buf program = { 0 };
	int r = build_find_init(&path, e);

	if (r == 0)
		r = io_load(AT_FDCWD, path, &program, INIT_MAX, e);
	return r == 0 ? adapt_init(&a, program.bytes, program.size, e) : r;
}

static struct node *put(
	struct tree *t, struct node *dir, const char *name, enum inode_type type, uint32_t mode)
{
	struct inode *inode = tree_inode(t, type);

	inode->mode = mode;
	return tree_link(t, dir, name, strlen(name), inode);
}

static void put_drivers(struct tree *t, const struct modules *drivers)
{
	struct node *dir = put(t, tree_root(t), INITRD_MODULES, INODE_DIR, 0755);

	for (size_t i = 0; i < drivers->count; i++) {
		const struct module *m = &drivers->items[i];
		char *name = arena_printf(tree_arena(t), "%s.ko", m->name);

		put(t, dir, name, INODE_FILE, 0644)->inode->content = content_of_bytes(
			tree_arena(t), m->file.bytes, m->file.size);
	}
}

int initrd_make(const struct modules *drivers, int *out, struct err *e)
{
	auto_close int fd = io_scratch(NULL, e);
	auto_buf struct buf notes = { 0 };
	struct tree *t = tree_new();
	struct output o = { .tree = t, .notes = &notes };
	int r = fd < 0 ? fd : put_init(t, e);

	put_drivers(t, drivers);
	tree_sort(t);
	if (r == 0)
		r = output_find("cpio", "", &o.format, e);
	if (r == 0)
		r = output_write(&o, fd, e);
	tree_free(t);
	if (r < 0)
		return r;
	*out = take_fd(&fd);
	return 0;
}
