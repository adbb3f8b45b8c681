/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What an image says about itself and about running it (OCI image-spec, config.md). It stands
 * beside the tree because readers make it, adapt turns it into the boot record, and writers put
 * it into images again. All texts live in an arena of whoever made it; a text that the image
 * does not give is NULL, a list is then empty.
 */
struct config_list {
	const char *const *items; /* count of them and a NULL; NULL itself where count is 0 */
	size_t count;
};

struct config_pair {
	const char *name, *value;
};

struct config_pairs {
	const struct config_pair *items; /* in the order of the image */
	size_t count;
};

struct config_history {
	const char *created, *created_by, *author, *comment;
	bool empty_layer; /* a step that made no layer */
};

struct image_config {
	struct config_list entrypoint, cmd;
	struct config_list env;            /* NAME=value */
	const char *user;                  /* "name", "uid", "user:group" */
	const char *working_dir;           /* absolute, or NULL */
	const char *stop_signal;           /* "SIGTERM", "15" */
	struct config_list volumes, ports; /* "/data", "6379/tcp" */
	struct config_pairs labels;
	const char *architecture, *variant, *os, *created, *author;
	struct config_list diff_ids; /* of the layers, bottom first */
	const struct config_history *history;
	size_t history_count;
};
