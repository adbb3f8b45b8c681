/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"
#include "lib/mem.h"

/* In what two files of the same name differ. */
struct difference {
	const char *what; /* "mode", "owner", "size", "content", … or an attribute's name */
	const char *from, *to; /* NULL: there is none, or it is not told */
};

struct differences {
	struct arena arena; /* that the texts lie in */
	struct difference *items;
	size_t count, capacity;
};

void differences_release(struct differences *d);

/*
 * Adds what differs, most telling first; nothing where they are the same. Bytes are compared
 * where the sizes agree. Of directories the time is not compared, which changes with what is in
 * them; times of which one has no fraction of a second are compared by seconds.
 */
int compare_inodes(const struct inode *a, const struct inode *b, bool times,
	struct differences *out, struct err *e) must_check;
