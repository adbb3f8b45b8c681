/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/meta.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/output/rootless.h"

#define path_of(to) tree_path_in((to)->node, &(struct tree_path_room){ { 0 } })

static int set_owner(const struct meta_target *to, struct err *e)
{
	const struct inode *i = to->node->inode;
	int r = to->fd >= 0 ? fchown(to->fd, i->uid, i->gid)
			    : fchownat(to->dir, to->node->name, i->uid, i->gid,
				      AT_SYMLINK_NOFOLLOW);

	if (r == 0)
		return 0;
	r = err_sys(e, "cannot give '%s' to %u:%u", path_of(to), i->uid, i->gid);
	if (r == -EINVAL)
		return err_hint(e, r, "the user namespace has no such ids");
	return err_hint(e, r,
		"a directory with its owners needs root; as a user, let --rootless keep them "
		"in attributes, give all to yourself with --owner, or write a tar or an "
		"initramfs");
}

/* Attributes that decide who may do what: a root without them is another root. */
static bool is_vital(const char *name)
{
	static const char *const vital[] = {
		"security.capability",
		"system.posix_acl_access",
		"system.posix_acl_default",
	};

	for (size_t i = 0; i < ARRAY_LEN(vital); i++)
		if (!strcmp(name, vital[i]))
			return true;
	return false;
}

static int put_xattr(const struct meta_target *to, const struct xattr *x)
{
	char path[64 + NAME_MAX];

	if (to->fd >= 0)
		return fsetxattr(to->fd, x->name, x->value, x->size, 0);
	/* There is no such call below a descriptor: what was just made is its own last name. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", to->dir, to->node->name);
	return lsetxattr(path, x->name, x->value, x->size, 0);
}

void meta_left_out(struct meta *m, const struct meta_target *to, const struct xattr *x)
{
	if (m->left_out++)
		return;
	m->left_name = x->name;
	m->left_node = to->node;
}

static int set_xattr(
	struct meta *m, const struct meta_target *to, const struct xattr *x, struct err *e)
{
	if (put_xattr(to, x) == 0)
		return 0;
	if ((errno == ENOTSUP || errno == EPERM) && !is_vital(x->name)) {
		meta_left_out(m, to, x);
		return 0;
	}
	return err_sys(e, "cannot set the attribute '%s' of '%s'", x->name, path_of(to));
}

static int set_mode(const struct meta_target *to, struct err *e)
{
	const struct inode *i = to->node->inode;
	int r;

	if (i->type == INODE_SYMLINK)
		return 0;
	r = to->fd >= 0 ? fchmod(to->fd, i->mode)
			: fchmodat(to->dir, to->node->name, i->mode, 0);
	return r < 0 ? err_sys(e, "cannot set the mode of '%s'", path_of(to)) : 0;
}

int meta_set_times(const struct meta_target *to, struct err *e)
{
	struct timespec times[2] = { to->node->inode->mtime, to->node->inode->mtime };
	int r = to->fd >= 0 ? futimens(to->fd, times)
			    : utimensat(to->dir, to->node->name, times, AT_SYMLINK_NOFOLLOW);

	return r < 0 ? err_sys(e, "cannot set the time of '%s'", path_of(to)) : 0;
}

int meta_apply(struct meta *m, const struct meta_target *to, struct err *e)
{
	const struct inode *i = to->node->inode;
	int r;

	if (m->rootless)
		return rootless_apply(m, to, e);
	r = set_owner(to, e);
	for (uint32_t x = 0; r == 0 && x < i->xattr_count; x++)
		r = set_xattr(m, to, &i->xattrs[x], e);
	if (r == 0)
		r = set_mode(to, e);
	return r == 0 ? meta_set_times(to, e) : r;
}

void meta_clear_acls(int dir)
{
	(void)fremovexattr(dir, "system.posix_acl_default");
	(void)fremovexattr(dir, "system.posix_acl_access");
}

void meta_add(struct meta *m, const struct meta *more)
{
	if (!m->left_out) {
		m->left_name = more->left_name;
		m->left_node = more->left_node;
	}
	m->left_out += more->left_out;
	rootless_add(&m->kept, &more->kept);
}

void meta_report(const struct meta *m, const struct output *o)
{
	if (m->left_out)
		output_note(o,
			"%zu extended attributes were left out, which the file system there does "
			"not hold; one is '%s' of '%s'",
			m->left_out, m->left_name,
			tree_path_in(m->left_node, &(struct tree_path_room){ { 0 } }));
	if (m->rootless)
		rootless_report(&m->kept, o);
}
