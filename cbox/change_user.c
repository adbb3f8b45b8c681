/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cbox/change.h"
#include "launch/caps.h"
#include "lib/beneath.h"
#include "lib/ids.h"

/* A missing file is as good as an empty one; one that cannot be read is not. */
static int load(int root, const char *path, struct buf *b, struct err *e)
{
	int r = root < 0 ? 0 : beneath_load(root, path, b, IDS_FILE_MAX, e);

	if (r == -ENOENT || r == -ENOTDIR)
		r = 0;
	buf_puts(b, "");
	return r;
}

static int look_up(struct change *c, const char *user, struct ids *ids, struct err *e)
{
	auto_buf struct buf passwd = { 0 }, group = { 0 };
	int r = load(c->root, "/etc/passwd", &passwd, e);

	if (r == 0)
		r = load(c->root, "/etc/group", &group, e);
	if (r < 0)
		return r;
	return ids_resolve(user, passwd.bytes, group.bytes, &c->r->arena, ids, e);
}

/* HOME follows the user, but for an image or a person that set one of its own. */
static int home(struct change *c, const struct ids *ids, struct err *e)
{
	const char *have = change_variable(c, "HOME");
	struct ids before;
	char number[16];
	int r;

	if (have && !c->row->user)
		return 0;
	(void)snprintf(number, sizeof(number), "%u", c->r->boot.uid);
	r = have ? look_up(c, number, &before, e) : 0;
	if (r < 0)
		return r;
	if (!have || !strcmp(have, before.home))
		change_set_variable(c, arena_printf(&c->r->arena, "HOME=%s", ids->home));
	return 0;
}

int change_user(struct change *c, struct err *e)
{
	struct boot *b = &c->r->boot;
	struct ids ids;
	char number[16];
	int r;

	if (!c->row->user && change_variable(c, "HOME"))
		return 0;
	(void)snprintf(number, sizeof(number), "%u", b->uid);
	r = look_up(c, c->row->user ? c->row->user : number, &ids, e);
	if (r == 0)
		r = home(c, &ids, e);
	if (r < 0 || !c->row->user)
		return r;
	b->uid = ids.uid;
	b->gid = ids.gid;
	b->groups.count = ids.group_count;
	memcpy(b->groups.items, ids.groups, ids.group_count * sizeof(ids.groups[0]));
	return 0;
}

static int masks(const struct cbox_row *row, uint64_t *add, uint64_t *drop, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < row->cap_add.count && r == 0; i++)
		r = caps_add(add, row->cap_add.items[i], e);
	for (size_t i = 0; i < row->cap_drop.count && r == 0; i++)
		r = caps_add(drop, row->cap_drop.items[i], e);
	return r;
}

/* Names win over ALL: --cap-drop ALL --cap-add CHOWN leaves one, and the other way round. */
static uint64_t combine(uint64_t base, uint64_t add, uint64_t drop)
{
	if (drop == CAPS_ALL)
		return add;
	return (base | add) & ~drop;
}

/*
 * Root has the set through its user id. Another user has what was asked for by name, as ambient
 * capabilities, since execve(2) would take anything else away.
 */
static void capabilities(struct boot *b, uint64_t set, uint64_t asked, bool same_user)
{
	uint64_t root = same_user ? b->cap_permitted : BOOT_CAPS_KEEP; /* all ones */

	if (same_user && b->cap_ambient != BOOT_CAPS_KEEP)
		asked |= b->cap_ambient;
	b->cap_bounding = set;
	b->cap_permitted = b->cap_effective = set & (b->uid ? asked : root);
	b->cap_inheritable = b->cap_ambient = b->uid ? asked & set : 0;
}

static int security_option(struct change *c, const char *text, struct err *e)
{
	static const struct {
		const char *text;
		bool on;
	} known[] = {
		{ "no-new-privileges", true },
		{ "no-new-privileges=true", true },
		{ "no-new-privileges:true", true },
		{ "no-new-privileges=false", false },
		{ "no-new-privileges:false", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!strcmp(text, known[i].text)) {
			c->r->boot.no_new_privs = known[i].on;
			return 0;
		}
	}
	return err_set(e, -EINVAL,
		"'%s' is not a security option; known is "
		"'no-new-privileges=true' or '=false'",
		text);
}

int change_privileges(struct change *c, struct err *e)
{
	struct boot *b = &c->r->boot;
	uint64_t add = 0, drop = 0, base = b->cap_bounding;
	int r = masks(c->row, &add, &drop, e);

	b->no_new_privs |= c->usual->no_new_privs;
	for (size_t i = 0; i < c->row->security_opt.count && r == 0; i++)
		r = security_option(c, c->row->security_opt.items[i], e);
	if (r < 0)
		return r;
	/*
	 * A root may ask for less than usual, never for more: that is for the command line.
	 * Keep is a mask of all.
	 */
	base &= c->usual->caps;
	if (base == BOOT_CAPS_KEEP && !add && !drop)
		return 0;
	capabilities(b, combine(base & CAPS_ALL, add, drop), add, !c->row->user);
	return 0;
}
