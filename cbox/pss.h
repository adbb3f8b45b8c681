/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * Memory of a process and all below it, in KiB, as the kernel counts what each has of the pages
 * that it shares (PSS, proc(5) "smaps_rollup"). What cannot be looked at counts as nothing.
 */
uint64_t pss_of_tree(pid_t pid);
