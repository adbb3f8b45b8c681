/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "builder/merge/merge.h"
#include "builder/tree/content.h"
#include "builder/tree/dump.h"
#include "lib/auto.h"

/*
 * Layers written down as text, for tests of what becomes of them. One entry a line:
 *
 *	f PATH [BYTES]    a file, 0644      d PATH [MODE]    a directory, 0700 where not given
 *	l PATH TARGET     a symbolic link   h PATH TARGET    a hard link
 *	c PATH            a character device 0,0
 */
static inline void layer_line(
	struct entry_list *list, const char *type, const char *path, const char *more)
{
	struct entry *entry = entry_list_add(list);
	struct inode *inode = arena_alloc(&list->arena, sizeof(*inode));

	entry->path = arena_strdup(&list->arena, path);
	if (*type == 'h') {
		entry->link = arena_strdup(&list->arena, more);
		return;
	}
	entry->inode = inode;
	inode->type = *type == 'd'   ? INODE_DIR
		      : *type == 'l' ? INODE_SYMLINK
		      : *type == 'c' ? INODE_CHAR
				     : INODE_FILE;
	inode->mode = *type == 'd'   ? (*more ? (uint32_t)strtoul(more, NULL, 8) : 0700)
		      : *type == 'l' ? 0777
				     : 0644;
	inode->target = *type == 'l' ? arena_strdup(&list->arena, more) : NULL;
	inode->content = *type == 'f' && *more
				 ? content_of_bytes(&list->arena, more, strlen(more))
				 : NULL;
	inode->mtime.tv_sec = 7;
}

static inline void layer_text(struct entry_list *list, const char *text)
{
	auto_free char *copy = xstrdup(text);
	char *rest = copy, *line;

	entry_list_init(list);
	while ((line = strsep(&rest, "\n"))) {
		const char *type = strsep(&line, " "), *path = strsep(&line, " ");

		if (path)
			layer_line(list, type, path, line ? line : "");
	}
}

/* Applies layers, NULL-ended, and returns the tree's text, or "error: …". To be freed. */
static inline char *merged(const char *const *layers, unsigned what)
{
	struct tree *t = tree_new();
	const struct merge_options options = { .limits = LIMITS_DEFAULT };
	struct merge *m = merge_new(t, &options);
	struct err e = { "" };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r = 0;

	for (; r >= 0 && *layers; layers++) {
		struct entry_list list;

		layer_text(&list, *layers);
		r = merge_layer(m, &list, NULL, &e);
		entry_list_release(&list);
	}
	if (!out)
		abort();
	if (r >= 0)
		r = tree_dump(t, out, what, &e);
	if (r < 0)
		(void)fprintf(out, "error: %s\n", e.text);
	(void)fclose(out);
	merge_free(m);
	tree_free(t);
	return text;
}
