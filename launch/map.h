/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * The ids of a new user namespace (user_namespaces(7)): its root is who we are, and there is
 * nobody else in it.
 */
int map_ids(pid_t pid, struct err *e) must_check;
