/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "lib/attr.h"

/*
 * The container's own cgroup in each hierarchy that there is: v1 controllers, v2, or both
 * (hybrid), each below the cgroup that cbox itself is in. Where none can be made the container
 * runs in cbox's own; that is no failure.
 *
 * A process enters v1 by writing "0" itself: a pid written by another waits for an RCU grace
 * period, 7 to 11 ms. It enters v2 by clone3(CLONE_INTO_CGROUP).
 */
enum { CGROUPS_MAX = 16, CGROUP_NAME_MAX = 80 };

struct cgroup {
	char name[CGROUP_NAME_MAX];
	struct {
		char title[64]; /* folder of the hierarchy below /sys/fs/cgroup; "" for pure v2
				 */
		int parent;     /* O_PATH descriptor of cbox's own cgroup there */
	} hierarchies[CGROUPS_MAX];
	size_t count;
	int unified; /* descriptor of the new cgroup in v2, for clone3; -1: none */
	size_t made; /* how many there are of the new one */
};

/* Finds where cgroups can be made; makes none yet, and never fails. */
void cgroup_init(struct cgroup *c, const char *name);
void cgroup_release(struct cgroup *c);

/* Makes them; those that cannot be made are left out. */
void cgroup_make(struct cgroup *c);

/* Moves the calling process, which has one thread, into those of v1. */
void cgroup_join(const struct cgroup *c);

/*
 * Kills who is left in it (v2), waits until it is empty and removes it. Gives up after some
 * seconds.
 */
void cgroup_remove(const struct cgroup *c);
