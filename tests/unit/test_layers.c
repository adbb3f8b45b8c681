/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/layers.h"

#include "tests/unit/layers.h"
#include "tests/unit/tap.h"

enum { UPPER = 1 };

static void apply(struct merge *m, const char *text)
{
	struct entry_list list;
	struct err e = { "" };

	layer_text(&list, text);
	if (!check_int(merge_layer(m, &list, NULL, &e), 0))
		printf("# %s\n", e.text);
}

/* What one layer has done to another, as the text of the layer that says it. */
static char *made(const char *lower, const char *upper, const struct adjust *adjust)
{
	const struct merge_options options = { .limits = LIMITS_DEFAULT };
	struct tree *t = tree_new();
	struct merge *m = merge_new(t, &options);
	const struct made what = { t, UPPER, adjust, "a test" };
	struct snapshot before = { 0 };
	struct layers layers = { 0 };
	struct err e = { "" };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	apply(m, lower);
	snapshot_take(&before, t);
	apply(m, upper);
	r = layers_add_made(&layers, &before, &what, &e);
	if (r == 0)
		check_int(tree_dump(layers.items[0].tree, out, DUMP_MTIME, &e), 0);
	(void)fclose(out);
	if (r < 0) {
		free(text);
		text = xasprintf("error: %s", e.text);
	}
	layers_release(&layers);
	snapshot_release(&before);
	merge_free(m);
	tree_free(t);
	return text;
}

static void becomes(const char *lower, const char *upper, const char *want)
{
	const struct adjust none = { 0 };
	auto_free char *got = made(lower, upper, &none);

	check_text(got, want);
}

#define ROOT "d 0755 0:0 - 0.000000000 .\n"

static void new_names_come_with_the_folders_above_them(void)
{
	becomes("d a 0711\nd a/b 0750\nf a/b/old x\nf other x", "f a/b/new yy",
		ROOT "d 0711 0:0 - 7.000000000 a\n"
		     "d 0750 0:0 - 7.000000000 a/b\n"
		     "f 0644 0:0 2 7.000000000 a/b/new\n");
}

static void a_link_in_the_middle_is_gone_through(void)
{
	becomes("d usr\nd usr/lib\nl lib usr/lib", "f lib/x 1",
		ROOT "d 0700 0:0 - 7.000000000 usr\n"
		     "d 0700 0:0 - 7.000000000 usr/lib\n"
		     "f 0644 0:0 1 7.000000000 usr/lib/x\n");
}

static void a_folder_with_other_attributes_comes_alone(void)
{
	becomes("d a 0711\nf a/x 1", "d a 0700", ROOT "d 0700 0:0 - 7.000000000 a\n");
}

static void what_is_gone_leaves_a_whiteout_and_only_the_topmost(void)
{
	becomes("d a\nd a/b\nf a/b/x 1\nf c 1", "f .wh.a\nf .wh.nothing",
		ROOT "f 0000 0:0 0 0.000000000 .wh.a\n");
	becomes("d a\nf a/x 1\nf a/y 1", "f a/.wh..wh..opq\nf a/y 22",
		ROOT "d 0700 0:0 - 7.000000000 a\n"
		     "f 0000 0:0 0 0.000000000 a/.wh.x\n"
		     "f 0644 0:0 2 7.000000000 a/y\n");
}

static void another_folder_in_the_place_of_one_hides_it(void)
{
	becomes("d a\nf a/x 1", "f .wh.a\nd a 0711",
		ROOT "d 0711 0:0 - 7.000000000 a\n"
		     "f 0000 0:0 0 0.000000000 a/.wh..wh..opq\n");
	becomes("d a\nf a/x 1", "f a 1", ROOT "f 0644 0:0 1 7.000000000 a\n");
	becomes("f a 1", "d a 0711", ROOT "d 0711 0:0 - 7.000000000 a\n");
}

static void a_new_name_of_a_lower_file_brings_all_its_names(void)
{
	becomes("f a one\nh b a\nf c two", "h d a",
		ROOT "f 0644 0:0 3 7.000000000 a\n"
		     "f 0644 0:0 3 7.000000000 b = a\n"
		     "f 0644 0:0 3 7.000000000 d = a\n");
}

static void later_times_end_in_what_the_layer_brings_and_nowhere_else(void)
{
	const struct adjust clamp = { .times = ADJUST_TIMES_CLAMP, .time = { 5, 0 } };
	auto_free char *got = made("d a\nf a/x 1", "f a/new 1", &clamp);

	check_text(got, ROOT "d 0700 0:0 - 7.000000000 a\n"
			     "f 0644 0:0 1 5.000000000 a/new\n");
}

static void a_name_too_long_for_a_whiteout_is_refused(void)
{
	const struct adjust none = { 0 };
	auto_free char *lower = NULL, *upper = NULL, *got = NULL;
	char name[256];

	memset(name, 'n', 252);
	name[252] = '\0';
	lower = xasprintf("d a\nf a/%s 1", name);
	upper = xstrdup("f a/.wh..wh..opq");
	got = made(lower, upper, &none);
	check(got && strstr(got, "error: ") && strstr(got, "--squash"));
}

int main(void)
{
	RUN(new_names_come_with_the_folders_above_them);
	RUN(a_link_in_the_middle_is_gone_through);
	RUN(a_folder_with_other_attributes_comes_alone);
	RUN(what_is_gone_leaves_a_whiteout_and_only_the_topmost);
	RUN(another_folder_in_the_place_of_one_hides_it);
	RUN(a_new_name_of_a_lower_file_brings_all_its_names);
	RUN(later_times_end_in_what_the_layer_brings_and_nowhere_else);
	RUN(a_name_too_long_for_a_whiteout_is_refused);
	return tap_done();
}
