/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/tree/tree.h"
#include "lib/attr.h"

/*
 * What a directory that is made without root keeps of owners, modes, devices and attributes, in
 * attributes that anybody may set on regular files and directories of his own:
 *
 *	user.cinit.stat        "UID:GID:MODE" in decimal and octal, for what is kept as an empty
 *	                       file with ":TYPE" behind it, and ":MAJOR:MINOR" for a device:
 *	                       "0:0:4755", "0:0:666:char:1:3", "0:0:640:fifo"
 *	user.cinit.links       of a directory: the same of the symbolic links in it, which can
 *	                       have no such attribute: "0:0:777//7:8:777/NAME/NAME". Records end
 *	                       with "//"; one without names is that of all other links.
 *	user.cinit.xattr.NAME  the attribute NAME
 *
 * Such names never get into a tree: readers take them as what they say, or leave them out.
 */
#define KEPT_PREFIX "user.cinit."
#define KEPT_STAT   "user.cinit.stat"
#define KEPT_LINKS  "user.cinit.links"
#define KEPT_XATTR  "user.cinit.xattr."

struct kept {
	uint32_t uid, gid, mode;
	enum inode_type type; /* INODE_FILE: that of the file itself */
	uint32_t major, minor;
};

bool kept_is_name(const char *xattr_name);

/* Symbolic links of which nothing else is said. */
struct kept kept_usual_link(void);

enum { KEPT_TEXT_SIZE = 80 };
void kept_format(const struct kept *k, char to[KEPT_TEXT_SIZE]);

/* Reads exactly `size` bytes; 0 or -EINVAL. */
int kept_parse(const char *text, size_t size, struct kept *k) must_check;

/* The value of user.cinit.links, ready to be asked. */
struct kept_links {
	struct kept others;
	char *value;
	struct kept_link *items; /* sorted by name */
	size_t count, capacity;
};

int kept_links_parse(const char *value, size_t size, struct kept_links *l) must_check;
#define auto_kept_links released_by(kept_links_release)
void kept_links_release(struct kept_links *l);
const struct kept *kept_links_find(const struct kept_links *l, const char *name);
