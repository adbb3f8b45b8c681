/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/tree/content.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * The bytes of a tree's files, read ahead of the writer by a thread of its own, in the order of
 * tree_walk. A file of several names goes with one of them, as the format wants it.
 */
struct contents;

enum contents_order { CONTENTS_WITH_FIRST, CONTENTS_WITH_LAST };

/* The tree stays as it is until contents_free. */
int contents_start(struct tree *t, enum contents_order order, struct contents **out,
	struct err *e) must_check;

/* The name that goes with what the inode has; any inode of the tree. */
const struct node *contents_bearer(const struct contents *c, const struct inode *i);

/* As content_read, for the next file that has a size. */
int contents_read(
	struct contents *c, content_sink *sink, void *context, struct err *e) must_check;

void contents_free(struct contents *c);
