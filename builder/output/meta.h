/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/output/output.h"
#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"

/*
 * Owner, extended attributes, mode and times of what the directory writer has just made, in the
 * one order that keeps them all: chown(2) clears setuid bits and file capabilities, an ACL
 * changes the mode, and everything changes the times. Begins zeroed but for
 * `rootless`; each thread has its own.
 */
struct meta_kept {
	size_t owners, modes, specials, attributes, links, links_lost;
};

struct meta {
	bool rootless;
	size_t left_out; /* attributes that the file system does not hold */
	const char *left_name;
	const struct node *left_node; /* that of which that was one */
	struct meta_kept kept;        /* rootless: how much is in attributes of ours */
};

/* What is described: an open file or directory, or, with fd -1, a name in a directory. */
struct meta_target {
	int fd, dir;
	const struct node *node;
};

int meta_apply(struct meta *m, const struct meta_target *to, struct err *e) must_check;

/* Its parts, and what it does with an attribute that the file system does not hold. */
int meta_set_times(const struct meta_target *to, struct err *e) must_check;
void meta_left_out(struct meta *m, const struct meta_target *to, const struct xattr *x);

/* Takes away the ACLs that a fresh directory got from its parent, and would pass on. */
void meta_clear_acls(int dir);

/* Adds what another thread could not keep. */
void meta_add(struct meta *m, const struct meta *more);

/* Notes what could not be kept. */
void meta_report(const struct meta *m, const struct output *o);
