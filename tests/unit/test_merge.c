/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/merge/merge.h"

#include "tests/unit/layers.h"
#include "tests/unit/tap.h"

#define ROOT "d 0755 0:0 - .\n"

/* What becomes of these layers, bottom first, is this text (without the root's own line). */
#define becomes(want, ...)                                                                   \
	do {                                                                                 \
		const char *const layers_[] = { __VA_ARGS__, NULL };                         \
		auto_free char *got_ = merged(layers_, 0);                                   \
		const char *text_ = !strncmp(got_, ROOT, strlen(ROOT)) ? got_ + strlen(ROOT) \
								       : got_;               \
		check_text(text_, want);                                                     \
	} while (0)

static void whiteout_removes_what_is_below(void)
{
	becomes("d 0700 0:0 - a\nf 0644 0:0 1 a/y\n", "d a\nf a/x 1\nf a/y 2", "f a/.wh.x");
	becomes("", "d a\nf a/x 1", "f .wh.a");
	becomes("f 0644 0:0 0 b\n", "d a\nd a/b\nf a/b/c\nf b", "f .wh.a");
}

static void whiteout_spares_its_own_layer_wherever_it_stands(void)
{
	becomes("f 0644 0:0 3 x\n", "f x 1", "f .wh.x\nf x new");
	becomes("f 0644 0:0 3 x\n", "f x 1", "f x new\nf .wh.x");
	becomes("d 0755 0:0 - a\nf 0644 0:0 0 a/new\n", "d a 755\nf a/old",
		"f .wh.a\nd a 755\nf a/new");
	becomes("d 0755 0:0 - a\nf 0644 0:0 0 a/new\n", "d a 700\nf a/old",
		"d a 755\nf a/new\nf .wh.a");
	becomes("d 0700 0:0 - a\nd 0700 0:0 - a/b\nf 0644 0:0 0 a/b/new\n",
		"d a\nf a/x\nd a/b\nf a/b/old\nd a/c\nf a/c/y",
		"d a\nd a/b\nf a/b/new\nf .wh.a");
}

static void removed_directory_that_is_needed_again_is_a_new_one(void)
{
	becomes("d 0755 0:0 - a\nf 0644 0:0 0 a/new\n", "d a 700\nf a/old", "f .wh.a\nf a/new");
	becomes("d 0755 0:0 - a\nf 0644 0:0 0 a/new\n", "d a 700\nf a/old", "f a/new\nf .wh.a");
}

static void opaque_dir_hides_lower_files_and_stays(void)
{
	static const char lower[] = "d a 750\nf a/x\nd a/s\nf a/s/y";

	becomes("d 0750 0:0 - a\n", lower, "f a/.wh..wh..opq");
	becomes("d 0750 0:0 - a\nf 0644 0:0 0 a/n\n", lower, "f a/.wh..wh..opq\nf a/n");
	becomes("d 0750 0:0 - a\nf 0644 0:0 0 a/n\n", lower, "f a/n\nf a/.wh..wh..opq");
	becomes("d 0750 0:0 - a\nd 0755 0:0 - a/t\nf 0644 0:0 0 a/t/n\n", lower,
		"f a/t/n\nf a/.wh..wh..opq");
	/* The lower a/s is hidden, its attributes with it, whichever comes first. */
	becomes("d 0750 0:0 - a\nd 0755 0:0 - a/s\nf 0644 0:0 0 a/s/n\n", lower,
		"f a/s/n\nf a/.wh..wh..opq");
	becomes("d 0750 0:0 - a\nd 0755 0:0 - a/s\nf 0644 0:0 0 a/s/n\n", lower,
		"f a/.wh..wh..opq\nf a/s/n");
	becomes("d 0750 0:0 - a\nf 0644 0:0 0 a/n\n", lower,
		"f a/.wh..wh..opq\nf a/.wh.x\nf a/n");
	becomes("", lower, "f a/.wh..wh..opq\nf .wh.a");
}

static void opaque_root_hides_everything(void)
{
	becomes("f 0644 0:0 0 n\n", "d a\nf a/x\nf y", "f n\nf .wh..wh..opq");
	becomes("f 0644 0:0 0 n\n", "d a\nf a/x\nf y", "f ./.wh..wh..opq\nf n");
}

static void opaque_sweeps_between_what_it_spares(void)
{
	becomes("d 0700 0:0 - a\nd 0755 0:0 - a/b\nd 0755 0:0 - a/b/c\nf 0644 0:0 0 a/b/c/n\n"
		"f 0644 0:0 0 a/z\n",
		"d a\nd a/b\nd a/b/c\nf a/b/c/1\nf a/b/2\nd a/b/d\nf a/b/d/3\nf a/4\nd a/q\nf a/q/5",
		"f a/b/c/n\nf a/z\nf a/.wh..wh..opq");
}

static void markers_without_anything_below_do_nothing(void)
{
	becomes("f 0644 0:0 0 x\n", "f .wh.y\nf d/.wh.z\nf e/.wh..wh..opq\nf x");
	becomes("f 0644 0:0 0 f\n", "f f", "f f/.wh.x\nf f/.wh..wh..opq");
}

static void aufs_bookkeeping_is_left_out(void)
{
	becomes("f 0644 0:0 0 x\n", "d .wh..wh.plnk\nf .wh..wh.plnk/12.3\nf .wh..wh.aufs\nf x");
}

static void one_type_replaces_another(void)
{
	becomes("d 0700 0:0 - x\nf 0644 0:0 0 x/y\n", "f x", "d x\nf x/y");
	becomes("f 0644 0:0 0 x\n", "d x\nf x/y", "f x");
	becomes("d 0700 0:0 - t\nf 0644 0:0 0 t/y\nd 0700 0:0 - x\n", "d t\nf t/y\nl x t",
		"d x");
	becomes("d 0700 0:0 - t\nf 0644 0:0 0 t/y\nf 0644 0:0 0 x\n", "d t\nf t/y\nl x t/y",
		"f x");
	becomes("d 0700 0:0 - t\nl 0777 0:0 - x -> t\n", "d t\nd x\nf x/y", "l x t");
	becomes("c 0644 0:0 0,0 x\n", "f x", "c x");
}

static void entry_below_a_lower_link_lands_in_its_target(void)
{
	static const char lower[] = "d usr\nd usr/bin\nl bin usr/bin";

	becomes("l 0777 0:0 - bin -> usr/bin\nd 0700 0:0 - usr\nd 0700 0:0 - usr/bin\n"
		"f 0644 0:0 0 usr/bin/sh\n",
		lower, "f bin/sh");
	becomes("l 0777 0:0 - bin -> usr/bin\nd 0700 0:0 - usr\nd 0700 0:0 - usr/bin\n", lower,
		"f usr/bin/sh", "f bin/.wh.sh");
	becomes("l 0777 0:0 - abs -> /../d\nd 0700 0:0 - d\nf 0644 0:0 0 d/x\n",
		"d d\nl abs /../d", "f abs/x");
}

static void marker_means_what_its_parent_is_at_that_moment(void)
{
	becomes("d 0700 0:0 - a\nd 0700 0:0 - t\nf 0644 0:0 0 t/x\n", "d t\nf t/x\nl a t",
		"d a\nf a/.wh.x");
	becomes("d 0700 0:0 - a\nd 0700 0:0 - t\n", "d t\nf t/x\nl a t", "f a/.wh.x\nd a");
}

static void directory_without_an_entry_keeps_its_attributes(void)
{
	becomes("d 0711 0:0 - a\nf 0644 0:0 0 a/x\n", "d a 711", "f a/x");
	becomes("d 0755 0:0 - a\nf 0644 0:0 0 a/x\n", "d a 711", "d a 755\nf a/x");
	becomes("d 0755 0:0 - p\nd 0755 0:0 - p/q\nf 0644 0:0 0 p/q/x\n", "f p/q/x");
}

static void lower_file_as_parent_becomes_a_directory(void)
{
	becomes("d 0755 0:0 - f\nf 0644 0:0 0 f/x\n", "f f", "f f/x");
	becomes("error: 'f/x': its directory cannot be reached: Not a directory\n",
		"f f\nf f/x");
}

static void the_root_has_attributes_too(void)
{
	static const char *const layers[] = { "d ./ 711", NULL };
	auto_free char *got = merged(layers, DUMP_MTIME);

	check_text(got, "d 0711 0:0 - 7.000000000 .\n");
}

static void hard_links_share_a_file(void)
{
	becomes("f 0644 0:0 1 a\nf 0644 0:0 1 b = a\n", "f a 1\nh b a");
	becomes("f 0644 0:0 1 a\nf 0644 0:0 1 b = a\n", "f a 1", "h b a");
	becomes("f 0644 0:0 1 b\n", "f a 1", "h b a\nf .wh.a");
	becomes("f 0644 0:0 3 a\nf 0644 0:0 1 b\n", "f a 1\nh b a", "f a new");
	becomes("f 0644 0:0 1 a\nf 0644 0:0 1 b = a\n", "f a 1\nh b a", "h a b");
	becomes("l 0777 0:0 - a -> x\nl 0777 0:0 - b -> x = a\n", "l a x\nh b a");
	becomes("d 0700 0:0 - d\nf 0644 0:0 1 d/a\nl 0777 0:0 - l -> d\nf 0644 0:0 1 x = d/a\n",
		"d d\nf d/a 1\nl l d\nh x /l/a");
}

static void hard_link_to_what_is_gone_is_an_error(void)
{
	becomes("error: 'b': is a hard link to 'a', which is not there\n", "f a",
		"f .wh.a\nh b a");
	becomes("error: 'b': is a hard link to 'c', which is not there\n", "h b c\nf c");
	becomes("error: 'b': is a hard link to the directory 'd'\n", "d d\nh b d");
}

static void repeated_entries_the_last_wins(void)
{
	becomes("f 0644 0:0 3 x\n", "f x 1\nf x 333");
	becomes("d 0711 0:0 - d\nf 0644 0:0 0 d/x\n", "d d\nf d/x\nd d 711");
}

static void paths_are_cleaned(void)
{
	becomes("d 0755 0:0 - a\nf 0644 0:0 0 a/b\n", "f /a//./b");
	becomes("f 0644 0:0 0 b\n", "f a/../b");
}

static void dangling_parent_link_is_filled_in(void)
{
	becomes("d 0755 0:0 - far\nd 0755 0:0 - far/away\nf 0644 0:0 0 far/away/x\n"
		"l 0777 0:0 - l -> far/away\n",
		"l l far/away", "f l/x");
}

static void loops_of_links_are_an_error(void)
{
	becomes("error: 'a/x': its directory cannot be reached: Too many levels of symbolic "
		"links\n",
		"l a b\nl b a\nf a/x");
}

static void hostile_names_are_refused(void)
{
	static const struct {
		const char *layer, *why;
	} rows[] = {
		{ "f ../x", "error: '../x': leads out of the root\n" },
		{ "f a/../../x", "error: 'a/../../x': leads out of the root\n" },
		{ "f .wh.", "error: '.wh.': is a whiteout of no name\n" },
		{ "f a/.wh..", "error: 'a/.wh..': is a whiteout of no name\n" },
		{ "f .wh...", "error: '.wh...': is a whiteout of no name\n" },
		{ "f .wh.a/b", "error: '.wh.a/b': lies below a whiteout\n" },
		{ "l . /etc", "error: '.': would replace the root directory\n" },
		{ "l / /etc", "error: '/': would replace the root directory\n" },
		{ "f a/..", "error: 'a/..': would replace the root directory\n" },
		{ "h x ../../etc/shadow",
			"error: 'x': is a hard link to what leads out of the root\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		becomes(rows[i].why, rows[i].layer);
}

static char *refused_entry(struct entry *entry)
{
	struct tree *t = tree_new();
	const struct merge_options options = { .limits = LIMITS_DEFAULT };
	struct merge *m = merge_new(t, &options);
	struct inode inode = { .type = INODE_FILE };
	struct entry_list list = { 0 };
	struct err e;

	if (!entry->inode)
		entry->inode = &inode;
	*entry_list_add(&list) = *entry;
	if (merge_layer(m, &list, NULL, &e) >= 0)
		(void)err_set(&e, 0, "taken");
	entry_list_release(&list);
	merge_free(m);
	tree_free(t);
	entry->inode = entry->inode == &inode ? NULL : entry->inode;
	return xstrdup(e.text);
}

static void ids_over_32_bits_are_refused(void)
{
	static const int64_t bad[] = { -1, 4294967295, 4294967296, INT64_MAX };

	for (size_t i = 0; i < 2 * ARRAY_LEN(bad); i++) {
		struct entry entry = { .path = "x" };
		auto_free char *why = NULL;

		*(i % 2 ? &entry.uid : &entry.gid) = bad[i / 2];
		why = refused_entry(&entry);
		check_text(why, "'x': has an owner or group that does not fit 32 bits");
	}
}

static void long_names_are_refused(void)
{
	char path[5000];
	struct entry entry = { .path = path };
	auto_free char *name = NULL, *whole = NULL;

	memset(path, 'a', 256);
	path[256] = '\0';
	name = refused_entry(&entry);
	check(strstr(name, "has a name over 255 or a path over 4095 bytes") != NULL);
	for (size_t i = 0; i < 4100; i++)
		path[i] = i % 2 ? '/' : 'a';
	path[4100] = '\0';
	whole = refused_entry(&entry);
	check(strstr(whole, "has a name over 255 or a path over 4095 bytes") != NULL);
}

static void sparse_giants_are_refused(void)
{
	const struct content giant = { .size = 1ULL << 60, .fd = -1 };
	struct inode inode = { .type = INODE_FILE, .content = &giant };
	struct entry entry = { .path = "x", .inode = &inode };
	auto_free char *why = refused_entry(&entry);

	check(strstr(why, "all files come to more than") != NULL);
}

static void attributes_for_overlayfs_are_dropped(void)
{
	const struct xattr xattrs[] = { { "trusted.overlay.opaque", "y", 1 },
		{ "user.kept", "1", 1 }, { "user.overlay.redirect", "/", 1 } };
	struct inode inode = { .type = INODE_DIR, .xattrs = xattrs, .xattr_count = 3 };
	struct entry entry = { .path = "x", .inode = &inode };
	auto_free char *why = refused_entry(&entry);

	check_text(why, "taken");
	check_int(inode.xattr_count, 1);
}

static void counts_say_what_a_layer_did(void)
{
	struct tree *t = tree_new();
	const struct merge_options options = { .limits = LIMITS_DEFAULT };
	struct merge *m = merge_new(t, &options);
	struct merge_counts counts;
	struct entry_list list;
	struct err e;

	layer_text(&list, "d a\nf a/x 12345\nf a/y 12\nf z 1");
	check_int(merge_layer(m, &list, &counts, &e), 0);
	check_int(counts.added, 4);
	check_int(counts.bytes, 8);
	layer_text(&list, "f .wh.a\nf z 123\nf n");
	check_int(merge_layer(m, &list, &counts, &e), 0);
	check_int(counts.added, 1);
	check_int(counts.changed, 1);
	check_int(counts.removed, 3);
	check_int(counts.shadowed, 8);
	merge_free(m);
	tree_free(t);
}

/* GHSA-rp3h-jf77-q9p4: opaque markers times files must not be quadratic. */
static void markers_by_the_thousand_take_linear_time(void)
{
	enum { MANY = 100000 };
	struct tree *t = tree_new();
	const struct merge_options options = { .limits = LIMITS_DEFAULT };
	struct merge *m = merge_new(t, &options);
	struct entry_list list = { 0 };
	struct err e;
	char name[32];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "d/%d", i);
		layer_line(&list, "f", name, "");
		layer_line(&list, "f", "d/.wh..wh..opq", "");
		layer_line(&list, "f", ".wh.d", "");
	}
	check_int(merge_layer(m, &list, NULL, &e), 0);
	check(tree_root(t)->first_child && !tree_root(t)->first_child->next_sibling);
	merge_free(m);
	tree_free(t);
}

int main(void)
{
	RUN(whiteout_removes_what_is_below);
	RUN(whiteout_spares_its_own_layer_wherever_it_stands);
	RUN(removed_directory_that_is_needed_again_is_a_new_one);
	RUN(opaque_dir_hides_lower_files_and_stays);
	RUN(opaque_root_hides_everything);
	RUN(opaque_sweeps_between_what_it_spares);
	RUN(markers_without_anything_below_do_nothing);
	RUN(aufs_bookkeeping_is_left_out);
	RUN(one_type_replaces_another);
	RUN(entry_below_a_lower_link_lands_in_its_target);
	RUN(marker_means_what_its_parent_is_at_that_moment);
	RUN(directory_without_an_entry_keeps_its_attributes);
	RUN(lower_file_as_parent_becomes_a_directory);
	RUN(the_root_has_attributes_too);
	RUN(hard_links_share_a_file);
	RUN(hard_link_to_what_is_gone_is_an_error);
	RUN(repeated_entries_the_last_wins);
	RUN(paths_are_cleaned);
	RUN(dangling_parent_link_is_filled_in);
	RUN(loops_of_links_are_an_error);
	RUN(hostile_names_are_refused);
	RUN(ids_over_32_bits_are_refused);
	RUN(long_names_are_refused);
	RUN(sparse_giants_are_refused);
	RUN(attributes_for_overlayfs_are_dropped);
	RUN(counts_say_what_a_layer_did);
	RUN(markers_by_the_thousand_take_linear_time);
	return tap_done();
}
