/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "lib/mem.h"

/*
 * What a container will be, decided before anything is touched: namespaces, mounts in order,
 * what is masked, what process 1 may do. A plan is checked and printed without privileges;
 * launch.h carries it out.
 */
enum plan_root {
	PLAN_ROOT_OVERLAY,   /* changes are kept in memory, and lost */
	PLAN_ROOT_READ_ONLY, /* there are none */
	PLAN_ROOT_WRITABLE,  /* they reach the directory itself */
};

struct plan_mount {
	const char *target; /* absolute, in the root */
	const char *type;
	unsigned long flags; /* MS_… */
	const char *data;    /* may be NULL */
	bool optional;       /* a kernel without this file system has nothing to show */
};

enum { PLAN_MOUNTS_MAX = 32 };

struct plan {
	const char *name;   /* of the container; its cgroups' and, by default, its host's */
	const char *rootfs; /* a directory of the host */
	const char *init; /* the host's cinit, for a root that has none; NULL: there is none */
	enum plan_root root;
	uint64_t namespaces; /* CLONE_NEW… */
	struct plan_mount mounts[PLAN_MOUNTS_MAX];
	size_t mount_count;
	const char *const *masked;    /* NULL-ended; paths that may be missing */
	const char *const *read_only; /* likewise */
	const char *hostname;
	uint64_t bounding; /* process 1's bounding set */
	bool no_new_privs;
	bool terminal;     /* the payload gets one */
	bool interactive;  /* what comes on standard input reaches it */
	uint32_t uid, gid; /* of the payload, to own its terminal and pipes */
};

/* A container as docker makes one, without any network but loopback. */
void plan_init(struct plan *p, const char *name, const char *rootfs);

/* Mounts that the command line or the record asks for; texts are copied to the arena. */
int plan_add_tmpfs(struct plan *p, const char *text, struct arena *a, struct err *e) must_check;
int plan_add_mount(struct plan *p, const char *target, const char *type, const char *options,
	struct arena *a, struct err *e) must_check;

/* "none" or "host". */
int plan_set_network(struct plan *p, const char *name, struct err *e) must_check;

/*
 * For a caller who is not root: the container's root is the caller, and nobody else has an id
 * there. To be called before other mounts are added.
 */
void plan_use_user_namespace(struct plan *p);

/* Refuses what cannot be carried out on any machine. */
int plan_check(const struct plan *p, struct err *e) must_check;

/* Tells the steps in the words of a shell. */
void plan_print(FILE *out, const struct plan *p);
