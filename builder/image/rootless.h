/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "builder/tree/entry.h"
#include "builder/tree/kept.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * A folder that cbuild has made with --rootless, known by the attribute of its top: what is
 * kept in attributes (builder/tree/kept.h) is taken for what files are. It is believed of files
 * that belong to the owner of the top and that nobody else may write, so that one person has
 * said all of it: who gives us his folder could as well give us an archive. What has no such
 * attribute was put in later, and belongs to root, as it does in a user namespace of the owner.
 *
 * In all other folders such attributes say nothing, and are left out.
 */
struct rootless {
	bool on;
	uid_t owner;
	struct arena *arena;
	const struct kept_links *links; /* of the folder that is walked */
	uint64_t taken;                 /* files */
	uint64_t left_out;              /* attributes */
};

void rootless_open(struct rootless *r, int dir, const struct stat *st, struct arena *a);

/* What is kept of the links in a folder; nothing where that is not such a folder. */
int rootless_links(
	const struct rootless *r, int dir, struct kept_links *links, struct err *e) must_check;

/* Lets the entry, whose attributes have been read, be what is kept of it. */
int rootless_take(struct rootless *r, const struct stat *st, const char *name,
	struct entry *entry, struct err *e) must_check;
