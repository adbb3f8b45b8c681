/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/plan.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * The container's root as a mount of its own, in a mount namespace that is already ours alone.
 */

/*
 * Mounts the root that the plan says over the directory that is the working directory, and
 * returns its descriptor, or -errno. The working directory, because that one follows into a new
 * mount namespace, while a descriptor opened before stays in the old one.
 */
int root_make(const struct plan *p, struct err *e) must_check;

/* Makes it /, and lets go of everything that was below the old one. */
int root_enter(int root, const struct plan *p, struct err *e) must_check;
