/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "lib/err.h"

/*
 * What machines need and is dear to get, kept between runs: $XDG_CACHE_HOME/cinit, or
 * ~/.cache/cinit, or for root without either /var/cache/cinit. All of it may be deleted at any
 * time. Files appear whole or not at all.
 */
struct cache {
	int dir; /* descriptor of the folder */
	char *path;
};

#define auto_cache released_by(cache_release)

/* Opens the folder, making it (0700) and its parents. */
int cache_open(struct cache *c, struct err *e) must_check;
void cache_release(struct cache *c);

/* The path of that folder in words of the environment, for messages; the caller frees it. */
char *cache_path(void) must_check;

/* Writes a file of the folder `dir`, beside and renamed. */
int cache_put(
	int dir, const char *name, const void *bytes, size_t size, struct err *e) must_check;

/* Takes the cache's lock, waiting for whoever has it; closing *lock gives it back. */
int cache_lock(const struct cache *c, int *lock, struct err *e) must_check;
