/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/adjust.h"

#include <stdlib.h>
#include <string.h>

#include "lib/attr.h"
#include "lib/buf.h"
#include "tests/unit/tap.h"

static struct node *add(
	struct tree *t, struct node *dir, const char *name, enum inode_type type)
{
	return tree_link(t, dir, name, strlen(name), tree_inode(t, type));
}

static struct tree *sample(void)
{
	struct tree *t = tree_new();
	struct node *usr = add(t, tree_root(t), "usr", INODE_DIR);
	struct node *share = add(t, usr, "share", INODE_DIR);
	struct node *doc = add(t, share, "doc", INODE_DIR);

	add(t, doc, "a.pyc", INODE_FILE);
	add(t, add(t, doc, "deep", INODE_DIR), "README", INODE_FILE);
	add(t, share, "b.pyc", INODE_FILE);
	add(t, share, "b.py", INODE_FILE);
	add(t, tree_root(t), "doc", INODE_DIR);
	return t;
}

static void names_of(struct tree *t, struct buf *out)
{
	tree_sort(t);
	for (struct node *n = tree_root(t); (n = tree_next(tree_root(t), n));)
		buf_printf(out, "%s ", tree_path(t, n));
}

static void check_exclude(const char *pattern, const char *want)
{
	struct adjust a = { .exclude = &pattern, .exclude_count = 1 };
	struct tree *t = sample();
	auto_buf struct buf names = { 0 };
	struct err e;

	check_int(adjust_tree(&a, t, &e), 0);
	names_of(t, &names);
	check_text(names.bytes, want);
	tree_free(t);
}

static void pattern_without_slash_is_a_name_anywhere(void)
{
	check_exclude("*.pyc", "doc usr usr/share usr/share/b.py usr/share/doc "
			       "usr/share/doc/deep usr/share/doc/deep/README ");
	check_exclude("doc", "usr usr/share usr/share/b.py usr/share/b.pyc ");
}

static void pattern_with_slash_is_a_path(void)
{
	check_exclude("usr/share/doc", "doc usr usr/share usr/share/b.py usr/share/b.pyc ");
	check_exclude("/doc", "usr usr/share usr/share/b.py usr/share/b.pyc usr/share/doc "
			      "usr/share/doc/a.pyc usr/share/doc/deep "
			      "usr/share/doc/deep/README ");
	check_exclude("usr/*/*.pyc", "doc usr usr/share usr/share/b.py usr/share/doc "
				     "usr/share/doc/a.pyc usr/share/doc/deep "
				     "usr/share/doc/deep/README ");
	check_exclude("*/*", "doc usr ");
}

static void ids_are_shifted_in_acls_and_capabilities_too(void)
{
	/* u:7:r-- and g:8:r--; cap_net_raw=ep, revision 2 and then 3 for user 100000. */
	static const char acl[] = "\2\0\0\0\2\0\4\0\7\0\0\0\10\0\4\0\10\0\0\0";
	static const char acl_after[] = "\2\0\0\0\2\0\4\0\247\206\1\0\10\0\4\0\150\0\0\0";
	static const char caps[20] = { 1, 0, 0, 2, 0, 0x20 };
	static const char caps_after[24] = { 1, 0, 0, 3, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, '\240', '\206', 1, 0 };
	const struct xattr before[] = {
		{ "security.capability", caps, sizeof(caps) },
		{ "system.posix_acl_access", acl, sizeof(acl) - 1 },
	};
	struct adjust a = { .uids = { .ranges = { { 0, 100000, 65536 } }, .count = 1 },
		.gids = { .ranges = { { 5, 101, 10 }, { 0, 200, 5 } }, .count = 2 } };
	struct tree *t = tree_new();
	struct node *n = add(t, tree_root(t), "f", INODE_FILE);
	struct err e;

	n->inode->uid = 33;
	n->inode->gid = 6;
	n->inode->xattrs = before;
	n->inode->xattr_count = 2;
	tree_link(t, tree_root(t), "same", 4, n->inode);
	check_int(adjust_tree(&a, t, &e), 0);
	check_int(n->inode->uid, 100033);
	check_int(n->inode->gid, 102);
	check_int(tree_root(t)->inode->gid, 200);
	check_int(n->inode->xattrs[0].size, 24);
	check(!memcmp(n->inode->xattrs[0].value, caps_after, 24));
	check(!memcmp(n->inode->xattrs[1].value, acl_after, sizeof(acl_after) - 1));
	tree_free(t);
}

static void an_id_that_no_range_has_is_refused(void)
{
	struct adjust a = { .uids = { .ranges = { { 0, 100000, 10 } }, .count = 1 } };
	struct tree *t = sample();
	struct err e;

	tree_child(t, tree_root(t), "doc", 3)->inode->uid = 10;
	check_int(adjust_tree(&a, t, &e), -ERANGE);
	check_text(e.text, "'doc' belongs to user 10, which --uid-map leaves out");
	tree_free(t);
}

static void later_times_are_clamped_and_others_stay(void)
{
	struct adjust a = { .times = ADJUST_TIMES_CLAMP, .time = { 1000, 0 } };
	struct tree *t = sample();
	struct inode *doc = tree_child(t, tree_root(t), "doc", 3)->inode;
	struct inode *usr = tree_child(t, tree_root(t), "usr", 3)->inode;
	struct err e;

	doc->mtime = (struct timespec){ 1000, 1 };
	usr->mtime = (struct timespec){ 999, 999 };
	check_int(adjust_tree(&a, t, &e), 0);
	check_int(doc->mtime.tv_nsec, 0);
	check_int(usr->mtime.tv_nsec, 999);
	a.times = ADJUST_TIMES_SET;
	check_int(adjust_tree(&a, t, &e), 0);
	check_int(usr->mtime.tv_sec, 1000);
	tree_free(t);
}

static void owners_ranges_and_times_are_parsed(void)
{
	static const char *const bad_owners[] = { "", "root", "1:", ":1", "1:2:3", "4294967295",
		"-1" };
	static const char *const bad_ranges[] = { "", "1", "1:2:0", "1:2:3:4", "a:b:c",
		"4294967290:0:10" };
	static const char *const bad_times[] = { "", "@", "yesterday", "12x", "2026-13-01",
		"9999999999999999", " 12" };
	struct adjust a = { 0 };
	struct timespec time;
	struct err e;

	check_int(adjust_parse_owner("101:102", &a, &e), 0);
	check_int(a.uid * 1000 + a.gid, 101102);
	check_int(adjust_parse_owner("7", &a, &e), 0);
	check_int(a.gid, 7);
	for (size_t i = 0; i < ARRAY_LEN(bad_owners); i++)
		check_int(adjust_parse_owner(bad_owners[i], &a, &e), -EINVAL);
	check_int(adjust_parse_range("0:100000:65536", &a.uids, &e), 0);
	check_int(adjust_parse_range("65536:7", &a.uids, &e), 0);
	check_int(a.uids.ranges[1].count, 1);
	for (size_t i = 0; i < ARRAY_LEN(bad_ranges); i++)
		check_int(adjust_parse_range(bad_ranges[i], &a.uids, &e), -EINVAL);
	check_int(adjust_parse_time("@86400", &time, &e), 0);
	check_int(time.tv_sec, 86400);
	check_int(adjust_parse_time("1970-01-03", &time, &e), 0);
	check_int(time.tv_sec, 2 * 86400);
	check_int(adjust_parse_time("1970-01-03T00:00:09Z", &time, &e), 0);
	check_int(time.tv_sec, 2 * 86400 + 9);
	for (size_t i = 0; i < ARRAY_LEN(bad_times); i++)
		check_int(adjust_parse_time(bad_times[i], &time, &e), -EINVAL);
}

int main(void)
{
	RUN(pattern_without_slash_is_a_name_anywhere);
	RUN(pattern_with_slash_is_a_path);
	RUN(ids_are_shifted_in_acls_and_capabilities_too);
	RUN(an_id_that_no_range_has_is_refused);
	RUN(later_times_are_clamped_and_others_stay);
	RUN(owners_ranges_and_times_are_parsed);
	return tap_done();
}
