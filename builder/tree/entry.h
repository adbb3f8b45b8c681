/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/mem.h"

/*
 * What a layer consists of, as its reader found it and before anybody has judged it: names are
 * raw bytes, with `..`, whiteouts and all. Readers make these; the merge refuses them or puts
 * them into the tree.
 */
struct entry {
	const char *path;
	const char *link;    /* a hard link to this path of the rootfs; `inode` is NULL then */
	struct inode *inode; /* in no tree yet: for tree_adopt; its uid and gid are not set */
	int64_t uid, gid;    /* as the layer has them, of whatever size */
};

/* The entries of one layer, in its order, and the memory that all they point to lies in. */
struct entry_list {
	struct arena arena;
	struct entry *items;
	size_t count, capacity;
};

#define auto_entries released_by(entry_list_release)

void entry_list_init(struct entry_list *l);
void entry_list_release(struct entry_list *l);

/* A new entry at the end, zeroed, valid until the next one is added. */
struct entry *entry_list_add(struct entry_list *l);
