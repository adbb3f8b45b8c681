/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/attr.h"
#include "lib/err.h"
#include "lib/mem.h"

/*
 * A file system in memory: the one thing that readers fill, the merge changes, and writers
 * walk.
 *
 * A *node* is a name in a directory; an *inode* is what the name stands for, shared by hard
 * links. Names are raw bytes without '/' and NUL. Nothing in here ever asks the kernel about a
 * name, so no link of an image can lead anywhere but inside the tree.
 *
 * All memory is the tree's arena: what is unlinked stays allocated until tree_free. Node and
 * inode ids are small integers, so a writer keeps its own per-node facts in an array by id.
 */

enum inode_type {
	INODE_FILE,
	INODE_DIR,
	INODE_SYMLINK,
	INODE_CHAR,
	INODE_BLOCK,
	INODE_FIFO,
	INODE_SOCKET,
};

struct xattr {
	const char *name; /* whole name with its namespace: "security.capability" */
	const void *value;
	uint32_t size;
};

struct content; /* builder/tree/content.h */

struct inode {
	uint32_t id;
	uint32_t links; /* names that stand for it now; a directory has one */
	enum inode_type type;
	uint32_t mode; /* permission, setuid, setgid and sticky bits: 07777 */
	uint32_t uid, gid;
	uint32_t major, minor; /* of INODE_CHAR and INODE_BLOCK */
	uint32_t layer;        /* the layer it was last set by, from 0 */
	uint32_t xattr_count;
	const struct xattr *xattrs;    /* sorted by name */
	struct timespec mtime;         /* seconds may be negative */
	const char *target;            /* of INODE_SYMLINK */
	const struct content *content; /* of INODE_FILE; NULL: empty */
};

struct node {
	uint32_t id;
	uint32_t name_length;
	const char *name; /* NUL-ended */
	struct inode *inode;
	struct node *parent; /* the root is its own */
	struct node *first_child, *next_sibling, *previous_sibling;
	struct node *next_in_bucket; /* of tree.c's table of names */
};

struct tree; /* defined in tree.c */

/* An empty tree: a root directory, 0755 0:0, time 0. */
struct tree *tree_new(void) must_check;
void tree_free(struct tree *t);

struct node *tree_root(const struct tree *t);
struct arena *tree_arena(struct tree *t);

/* How many ids have been given out: the sizes of arrays by node and by inode id. */
uint32_t tree_node_ids(const struct tree *t);
uint32_t tree_inode_ids(const struct tree *t);

/* A new inode without a name, zeroed but for id and type. */
struct inode *tree_inode(struct tree *t, enum inode_type type);

/* Gives an inode that was made elsewhere its id here; its memory must last as long as t. */
void tree_adopt(struct tree *t, struct inode *inode);

/* Takes over what an arena holds, which is left empty. */
void tree_keep(struct tree *t, struct arena *a);

/* The child of that name, or NULL. O(1). `name` need not be NUL-ended. */
struct node *tree_child(
	const struct tree *t, const struct node *dir, const char *name, size_t length);

/* Gives inode a name in dir, where the name must be free; counts the link. */
struct node *tree_link(
	struct tree *t, struct node *dir, const char *name, size_t length, struct inode *inode);

/* Takes a name, and all below it, out of the tree. Not for the root. */
void tree_unlink(struct tree *t, struct node *node);

/* Takes all below dir out of the tree. */
void tree_clear(struct tree *t, struct node *dir);

enum tree_follow {
	TREE_NOFOLLOW, /* the last component is taken as it is */
	TREE_FOLLOW,   /* a symbolic link at the end is followed too */
};

/*
 * Resolves a path inside the tree, as if its root were /: symbolic links in the middle are
 * followed, `..` stops at the root. Sets *found; -ENOENT, -ENOTDIR, -ELOOP (more than 40 links)
 * or -ENAMETOOLONG otherwise, without a description.
 */
int tree_resolve(const struct tree *t, const char *path, enum tree_follow follow,
	struct node **found) must_check;

/*
 * As tree_resolve, to a directory at the end of `path`, beginning at `from`, with every link
 * followed. Where a directory is needed and there is none, `missing` is asked to make it:
 * `there` is what has the name now, or NULL. Its failure ends the walk and is returned.
 */
typedef int tree_missing(struct node *dir, struct node *there, const char *name, size_t length,
	void *context, struct node **made);
int tree_reach(const struct tree *t, struct node *from, const char *path, tree_missing *missing,
	void *context, struct node **found) must_check;

/* Sorts every directory's children by bytes of their names: what writers walk must be sorted.
 */
void tree_sort(struct tree *t);

/*
 * Visits every node but the root, parents before children, in the order of the lists. `path` is
 * without a leading slash. A result other than 0 ends the walk and is returned.
 */
typedef int tree_visit(const struct node *node, const char *path, void *context, struct err *e);
int tree_walk(const struct tree *t, tree_visit *visit, void *context, struct err *e) must_check;

/* The path of a node below the root, without a leading slash, in the arena ("" for the root).
 */
const char *tree_path(struct tree *t, const struct node *node);

/*
 * The same in the caller's memory, for threads, which cannot share the arena: "/" for the root,
 * and only its end where it is longer than any path may be.
 */
struct tree_path_room {
	char bytes[4096];
};

const char *tree_path_in(const struct node *node, struct tree_path_room *room);

/* The node behind `node` in a walk of all below `top`; NULL behind the last. Begin with top. */
struct node *tree_next(const struct node *top, const struct node *node);

/* The value of an xattr, or NULL. */
const struct xattr *inode_xattr(const struct inode *inode, const char *name);

/*
 * The links of what a name stands for, as stat(2) counts them: those of a directory are its own
 * two and one for each directory in it.
 */
uint32_t node_links(const struct node *node);

/* The file type as stat(2) and the formats write it: S_IFREG and so on, without permissions. */
unsigned inode_format(const struct inode *inode);
