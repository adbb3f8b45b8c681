/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Removes what `name` in dirfd stands for and, where it is a directory, all below it. No link
 * is followed and no mount is entered; any depth takes the same few descriptors. What does not
 * exist is removed already. Returns 0 or -errno.
 */
int remove_below(int dirfd, const char *name);
