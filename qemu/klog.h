/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdio.h>

/*
 * The end of what a machine's kernel said on its console: all that is left to tell why when the
 * machine is gone.
 */
struct klog {
	char bytes[8192]; /* a ring */
	size_t total;     /* bytes put so far */
};

void klog_init(struct klog *k);
void klog_put(struct klog *k, const char *bytes, size_t size);

/* Prints the last `lines` lines, or that many from "Kernel panic" on, each behind `prefix`,
 * what is not printable ASCII left out. */
void klog_print(const struct klog *k, FILE *out, const char *prefix, size_t lines);
