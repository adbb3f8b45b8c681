/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * What is changed throughout a finished tree, as options say: names that are left out, owners,
 * times. Ids are shifted wherever they stand: in ACLs and file capabilities too.
 */

struct id_range {
	uint32_t inside, outside, count; /* inside … inside+count-1 become outside … */
};

enum { ADJUST_RANGES_MAX = 340 }; /* as many as a user namespace takes, user_namespaces(7) */

struct id_map {
	struct id_range ranges[ADJUST_RANGES_MAX];
	size_t count; /* 0: ids stay */
};

enum adjust_times {
	ADJUST_TIMES_KEEP,
	ADJUST_TIMES_CLAMP, /* those later than `time` */
	ADJUST_TIMES_SET,
};

struct adjust {
	const char *const *exclude; /* patterns of fnmatch(3) */
	size_t exclude_count;
	bool own; /* all belongs to uid:gid */
	uint32_t uid, gid;
	struct id_map uids, gids; /* applied where `own` is not set */
	enum adjust_times times;
	struct timespec time;
};

/* "101:102" or "101". */
int adjust_parse_owner(const char *text, struct adjust *a, struct err *e) must_check;

/* Adds "INSIDE:OUTSIDE:COUNT" (COUNT 1 where it is missing) to a map. */
int adjust_parse_range(const char *text, struct id_map *map, struct err *e) must_check;

/* Seconds since 1970, with or without '@', or "2026-01-31" or "2026-01-31T12:00:00Z". */
int adjust_parse_time(const char *text, struct timespec *time, struct err *e) must_check;

/*
 * Changes the tree. A pattern without a slash is compared with last names everywhere, one with
 * a slash with whole paths, where `*` stops at a slash; what matches goes with all below it. An
 * id that a map does not have is -ERANGE.
 */
int adjust_tree(const struct adjust *a, struct tree *t, struct err *e) must_check;

/* Changes the time of one inode. */
void adjust_time(const struct adjust *a, struct inode *i);

/* The option that changes what any layer may hold, or NULL: to be later than `time` is none. */
const char *adjust_option(const struct adjust *a);
