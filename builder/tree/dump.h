/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "builder/tree/tree.h"

/*
 * The tree as text, one line a name, the root ('.') first, sorted: what tests compare and
 *`cbuild inspect --files` and `cbuild diff` build on. Names and targets are escaped as \xNN
 *outside printable ASCII.
 *
 *	type mode uid:gid size-or-device [mtime] [@layer] path [-> target] [= first path of
 *	     the same inode] | [{xattr=hex …}] [sha256-of-content]
 */
enum { DUMP_MTIME = 1, DUMP_CONTENT = 2, DUMP_LAYER = 4 };

int tree_dump(struct tree *t, FILE *out, unsigned what, struct err *e) must_check;
