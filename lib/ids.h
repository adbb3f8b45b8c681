/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "lib/mem.h"

/*
 * Who an image's User or a --user means, looked up in the root's own passwd and group, as
 * docker does: "user", "user:group", names or numbers. It reads texts that the caller has
 * loaded, with a limit, from below the root; it opens nothing.
 */
enum { IDS_GROUPS_MAX = 256, IDS_FILE_MAX = 1024 * 1024 };

struct ids {
	uint32_t uid, gid;
	uint32_t groups[IDS_GROUPS_MAX]; /* supplementary, in the order of the file */
	size_t group_count;
	const char *home; /* in the arena; "/" where passwd does not say */
};

/*
 * `passwd` and `group` are the files' texts, "" where there is none. An empty `user` is user 0.
 * A number that passwd does not know is itself, with group 0; an unknown name is -ENOENT.
 * Supplementary groups are looked up only where no group is asked for.
 */
int ids_resolve(const char *user, const char *passwd, const char *group, struct arena *a,
	struct ids *out, struct err *e) must_check;
