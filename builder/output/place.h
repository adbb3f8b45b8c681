/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "lib/io.h"

/*
 * An output that appears whole under its name or not at all. It is made beside its place (a
 * file without any name where the file system can do that, else as .NAME.cbuild-XXXXXX), synced
 * and then given its name at once.
 *
 * A keeper removes what a killed run leaves beside the place. Where the machine went down with
 * both, it is known by its name and by nobody holding its lock, and removed by the next run for
 * the same place.
 */
struct place;

enum place_kind { PLACE_FILE, PLACE_DIR };

/*
 * Begins an output at `path`. One that exists already is -EEXIST, and with `force` is replaced
 * in the end; what is neither a file nor a directory is never replaced.
 */
int place_begin(const char *path, enum place_kind kind, bool force, struct place **out,
	struct err *e) must_check;

/* The descriptor to write to: an empty directory, mode 0700, or an empty file. Not the
 * caller's.
 */
int place_fd(const struct place *p);

/*
 * Writes the name of a host directory to `to` whose scratch files lie on the output's file
 * system, where there is room for as much and copies are cheap. False where $TMPDIR names
 * another, or that file system has no nameless files, which a killed run cannot leave.
 */
enum { PLACE_SCRATCH = 64 };
bool place_scratch(const struct place *p, char to[PLACE_SCRATCH]);

/* The host's files that are this output: what is made, and what it replaces; how many. */
enum { PLACE_IDS = 2 };
size_t place_ids(const struct place *p, struct file_id to[PLACE_IDS]);

/* Syncs it and gives it its name. */
int place_commit(struct place *p, struct err *e) must_check;

/* Removes what was begun, where it was not committed, and frees p, which may be NULL. */
void place_free(struct place *p);
