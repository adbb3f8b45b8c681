/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * An image as a root directory in memory that only this process and its children see: it lies
 * in a mount namespace of their own, and is gone with them, whatever ends them.
 */

/* 1 when `dir`, a directory, is an OCI layout rather than a root; 0 when not. */
int unpack_is_layout(int dir) must_check;

/* Whether it is one that cbuild --rootless has made: its owners are in attributes only. */
bool unpack_is_rootless(int dir) must_check;

/*
 * Builds the image at `path`, `plain` as it is without adding to it, and returns the
 * directory's descriptor, or -errno. Leaves the process in a mount namespace of its own, in
 * which the directory lies over /tmp. Asks for root's privileges.
 */
int unpack_image(const char *path, bool plain, struct err *e) must_check;
