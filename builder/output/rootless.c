/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/rootless.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/tree/kept.h"
#include "lib/auto.h"
#include "lib/buf.h"
#include "lib/mem.h"

enum { GROUPS_MAX = 64 }; /* owners of links in one directory: more have no room in one value */

/* Links of one directory that have the same owner and mode. */
struct group {
	struct kept kept;
	size_t count;
};

struct groups {
	struct group items[GROUPS_MAX];
	size_t count, usual; /* which one goes without names */
	size_t beyond;       /* links that are in none */
};

#define path_of(to) tree_path_in((to)->node, &(struct tree_path_room){ { 0 } })

int output_check_rootless(int dir, struct err *e)
{
	int r;

	if (fsetxattr(dir, KEPT_STAT, "0:0:0", 5, 0) == 0) {
		(void)fremovexattr(dir, KEPT_STAT);
		return 0;
	}
	r = err_sys(e, "the file system of the output cannot keep owners in attributes");
	return err_hint(e, r,
		"--rootless needs one with user attributes (ext4, xfs, btrfs; tmpfs since Linux "
		"6.6); or write a tar, an initramfs or a disk, which need no root");
}

/* --- owner, mode, what it is ----------------------------------------------------------------
 */

static unsigned real_mode(const struct inode *i)
{
	return (i->mode & 0755) | (i->type == INODE_DIR ? 0700 : 0600);
}

static struct kept kept_of(const struct inode *i)
{
	struct kept k = { i->uid, i->gid, i->mode, i->type, i->major, i->minor };

	if (i->type == INODE_DIR || i->type == INODE_SYMLINK)
		k.type = INODE_FILE;
	return k;
}

static void count(struct meta_kept *c, const struct inode *i)
{
	c->owners += i->uid != geteuid() || i->gid != getegid();
	c->modes += i->mode != real_mode(i);
	c->specials += i->type != INODE_FILE && i->type != INODE_DIR;
}

static int put_stat(struct meta *m, const struct meta_target *to, struct err *e)
{
	const struct kept k = kept_of(to->node->inode);
	char text[KEPT_TEXT_SIZE];

	kept_format(&k, text);
	if (fsetxattr(to->fd, KEPT_STAT, text, strlen(text), 0) < 0)
		return err_sys(e, "cannot keep the owner of '%s' in an attribute", path_of(to));
	count(&m->kept, to->node->inode);
	return 0;
}

/* --- attributes ------------------------------------------------------------------------------
 */

/* Those of users are what they are; all others ask for a right, or grant one. */
static int put_xattr(
	struct meta *m, const struct meta_target *to, const struct xattr *x, struct err *e)
{
	bool own = !strncmp(x->name, "user.", 5);
	auto_free char *name = xasprintf("%s%s", own ? "" : KEPT_XATTR, x->name);

	if (fsetxattr(to->fd, name, x->value, x->size, 0) == 0) {
		m->kept.attributes += !own;
		return 0;
	}
	if (errno != ERANGE && errno != ENOTSUP && errno != EPERM)
		return err_sys(
			e, "cannot keep the attribute '%s' of '%s'", x->name, path_of(to));
	meta_left_out(m, to, x);
	return 0;
}

/* --- links -----------------------------------------------------------------------------------
 */

static bool is_same(const struct kept *a, const struct kept *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->mode == b->mode;
}

static size_t group_of(const struct groups *g, const struct kept *k)
{
	size_t n = 0;

	while (n < g->count && !is_same(&g->items[n].kept, k))
		n++;
	return n;
}

static void find_groups(const struct node *dir, struct groups *g)
{
	for (const struct node *n = dir->first_child; n; n = n->next_sibling) {
		const struct kept k = kept_of(n->inode);
		size_t at;

		if (n->inode->type != INODE_SYMLINK)
			continue;
		at = group_of(g, &k);
		if (at == GROUPS_MAX) {
			g->beyond++;
			continue;
		}
		if (at == g->count)
			g->items[g->count++] = (struct group){ k, 0 };
		g->items[at].count++;
	}
	for (size_t n = 1; n < g->count; n++)
		if (g->items[n].count > g->items[g->usual].count)
			g->usual = n;
}

static void put_group(
	struct buf *to, const struct node *dir, const struct groups *g, size_t which)
{
	const struct kept *k = &g->items[which].kept;
	char text[KEPT_TEXT_SIZE];

	kept_format(k, text);
	buf_printf(to, "%s%s", to->size ? "//" : "", text);
	for (const struct node *n = which == g->usual ? NULL : dir->first_child; n;
		n = n->next_sibling) {
		const struct kept own = kept_of(n->inode);

		if (n->inode->type == INODE_SYMLINK && is_same(&own, k))
			buf_printf(to, "/%s", n->name);
	}
}

/* Where they do not fit into an attribute, links have the owner that most files have: root. */
static int put_links(struct meta *m, const struct meta_target *to, struct err *e)
{
	auto_buf struct buf value = { 0 };
	/* The first is known to readers. */
	struct groups g = { .items[0].kept = kept_usual_link(), .count = 1 };
	size_t unusual = 0;

	find_groups(to->node, &g);
	for (size_t n = 1; n < g.count; n++)
		unusual += g.items[n].count;
	m->kept.links_lost += g.beyond;
	if (!unusual)
		return 0;
	if (g.usual)
		put_group(&value, to->node, &g, g.usual);
	for (size_t n = 0; n < g.count; n++)
		if (n != g.usual && g.items[n].count)
			put_group(&value, to->node, &g, n);
	if (fsetxattr(to->fd, KEPT_LINKS, value.bytes, value.size, 0) == 0) {
		m->kept.links += unusual;
		return 0;
	}
	if (errno != ENOSPC && errno != E2BIG && errno != ERANGE)
		return err_sys(e, "cannot keep the owners of the links in '%s'", path_of(to));
	m->kept.links_lost += unusual;
	return 0;
}

/* --- all -------------------------------------------------------------------------------------
 */

int rootless_apply(struct meta *m, const struct meta_target *to, struct err *e)
{
	const struct inode *i = to->node->inode;
	bool is_link = i->type == INODE_SYMLINK;
	int r = is_link ? 0 : put_stat(m, to, e);

	for (uint32_t x = 0; r == 0 && x < i->xattr_count; x++) {
		if (is_link)
			meta_left_out(m, to, &i->xattrs[x]);
		else
			r = put_xattr(m, to, &i->xattrs[x], e);
	}
	if (r == 0 && i->type == INODE_DIR)
		r = put_links(m, to, e);
	if (r == 0 && !is_link && fchmod(to->fd, real_mode(i)) < 0)
		r = err_sys(e, "cannot set the mode of '%s'", path_of(to));
	return r == 0 ? meta_set_times(to, e) : r;
}

void rootless_add(struct meta_kept *k, const struct meta_kept *more)
{
	k->owners += more->owners;
	k->modes += more->modes;
	k->specials += more->specials;
	k->attributes += more->attributes;
	k->links += more->links;
	k->links_lost += more->links_lost;
}

void rootless_report(const struct meta_kept *k, const struct output *o)
{
	output_note(o,
		"all files belong to %u:%u; kept in user.cinit.* attributes: %zu owners, %zu modes, "
		"%zu attributes, owners of %zu symbolic links, and %zu devices, FIFOs and sockets as "
		"empty files",
		geteuid(), getegid(), k->owners, k->modes, k->attributes, k->links,
		k->specials);
	if (k->links_lost)
		output_note(o,
			"the owners of %zu symbolic links were left out, which have no room in an "
			"attribute of their directory",
			k->links_lost);
}
