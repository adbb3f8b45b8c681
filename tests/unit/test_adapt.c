/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/merge/adapt.h"

#include <fcntl.h>

#include "boot/boot.h"
#include "lib/io.h"
#include "tests/unit/layers.h"
#include "tests/unit/tap.h"

static struct tree *tree_of(const char *text)
{
	struct tree *t = tree_new();
	const struct merge_options options = { .limits = LIMITS_DEFAULT };
	struct merge *m = merge_new(t, &options);
	struct entry_list list;
	struct err e;
	int r;

	layer_text(&list, text);
	r = merge_layer(m, &list, NULL, &e);
	check_int(r, 0);
	if (r < 0)
		printf("# %s\n", e.text);
	merge_free(m);
	return t;
}

static void file_becomes(struct tree *t, const char *path, const char *want)
{
	struct node *node = NULL;
	char bytes[4096] = "";
	struct err e;
	ssize_t n;

	if (!check_int(tree_resolve(t, path, TREE_FOLLOW, &node), 0))
		return;
	n = node->inode->content
		    ? content_pread(node->inode->content, bytes, sizeof(bytes) - 1, 0, &e)
		    : 0;
	check_int(n, strlen(want));
	check_text(bytes, want);
}

static char *dump(struct tree *t)
{
	char *text = NULL;
	size_t size;
	struct err e;
	FILE *out = open_memstream(&text, &size);

	check_int(tree_dump(t, out, 0, &e), 0);
	(void)fclose(out);
	return text;
}

static void init_follows_the_links_of_the_image(void)
{
	struct tree *t = tree_of("d usr\nd usr/sbin\nf usr/sbin/init own\nl sbin usr/sbin");
	const struct adapt a = { t, 0 };
	auto_free char *text = NULL;
	struct err e;

	check_int(adapt_init(&a, "cinit", 5, &e), 0);
	file_becomes(t, "usr/sbin/cinit", "cinit");
	file_becomes(t, "sbin/init", "own");
	text = dump(t);
	check_text(text, "d 0755 0:0 - .\n"
			 "l 0777 0:0 - sbin -> usr/sbin\n"
			 "d 0700 0:0 - usr\n"
			 "d 0700 0:0 - usr/sbin\n"
			 "f 0755 0:0 5 usr/sbin/cinit\n"
			 "f 0644 0:0 3 usr/sbin/init\n");
	tree_free(t);
}

static void links_of_the_image_are_not_written_through(void)
{
	struct tree *t = tree_of("f precious 1\nd sbin\nl sbin/cinit /precious");
	const struct adapt a = { t, 0 };
	struct err e;

	check_int(adapt_init(&a, "cinit", 5, &e), 0);
	file_becomes(t, "precious", "1");
	file_becomes(t, "sbin/cinit", "cinit");
	tree_free(t);
}

static void init_where_no_directory_can_be_is_an_error(void)
{
	struct tree *t = tree_of("f sbin");
	const struct adapt a = { t, 0 };
	struct err e;

	check(adapt_init(&a, "cinit", 5, &e) < 0);
	check_text(e.text, "cannot make '/sbin' in the rootfs: Not a directory");
	tree_free(t);
}

static void mount_points_are_made_where_missing(void)
{
	struct tree *t = tree_of("d proc 555\nl run /elsewhere\nf hello");
	const struct adapt a = { t, 0 };
	auto_free char *text = NULL;
	struct err e;

	check_int(adapt_mount_points(&a, &e), 0);
	text = dump(t);
	check_text(text, "d 0755 0:0 - .\nd 0755 0:0 - dev\nf 0644 0:0 0 hello\n"
			 "d 0555 0:0 - proc\nl 0777 0:0 - run -> /elsewhere\n"
			 "d 0755 0:0 - sys\nd 1777 0:0 - tmp\n");
	tree_free(t);
}

static void skeleton_fills_gaps_only(void)
{
	struct tree *t = tree_of("d real\nf real/hosts mine\nl etc real\nl real/group nowhere");
	const struct adapt a = { t, 0 };
	int dir = open("rootfs-skel", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct node *node = NULL;
	struct err e;

	if (dir < 0) {
		tree_free(t);
		SKIP("no rootfs-skel here");
	}
	check_int(adapt_skeleton(&a, dir, &e), 0);
	file_becomes(t, "etc/hosts", "mine");
	check_int(tree_resolve(t, "real/passwd", TREE_NOFOLLOW, &node), 0);
	check_int(tree_resolve(t, "real/group", TREE_NOFOLLOW, &node), 0);
	check(node->inode->type == INODE_SYMLINK);
	(void)close(dir);
	tree_free(t);
}

/* The record of an image with this user, as text with a bar for each NUL and LF. */
static char *record(const char *layer, const struct image_config *c)
{
	struct tree *t = tree_of(layer);
	const struct adapt a = { t, 0 };
	struct node *node = NULL;
	struct err e = { "" };
	char *text = xcalloc(1, 4096);

	if (adapt_boot_record(&a, c, &e) < 0)
		(void)snprintf(text, 4096, "error: %s", e.text);
	else if (tree_resolve(t, "etc/cinit/boot", TREE_NOFOLLOW, &node) == 0 &&
		 content_pread(node->inode->content, text, 4095, 0, &e) > 0)
		for (size_t i = 0; i < node->inode->content->size; i++)
			text[i] = (char)(text[i] ? text[i] : '|');
	tree_free(t);
	return text;
}

static const char *const sh[] = { "/bin/sh", NULL };

static void record_says_what_the_config_says(void)
{
	static const char *const entry[] = { "/entry", "-x", NULL };
	static const char *const env[] = { "A=1", "PATH=/p", NULL };
	const struct image_config c = { .entrypoint = { entry, 2 },
		.cmd = { sh, 1 },
		.env = { env, 2 },
		.user = "7:8",
		.working_dir = "srv",
		.stop_signal = "SIGRTMIN+3" };
	auto_free char *text = record("f x", &c);

	check_text(text, "#cinit-boot 1\nargv=/entry|\nargv=-x|\nargv=/bin/sh|\nentrypoint=2|\n"
			 "env=A=1|\nenv=PATH=/p|\nenv=HOME=/|\ncwd=/srv|\nuid=7|\ngid=8|\n"
			 "stop_signal=37|\nend=|\n");
}

static void image_that_says_nothing_runs_its_shell(void)
{
	const struct image_config c = { 0 };
	auto_free char *text = record("d bin\nf bin/sh", &c), *none = record("f x", &c);

	check(strstr(text, "argv=/bin/sh|\n") != NULL);
	check(strstr(text, "env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
			   "/bin|\n") != NULL);
	check(!strstr(none, "argv="));
	check(strstr(none, "end=|\n") != NULL);
}

static void user_comes_from_the_image_and_from_nowhere_else(void)
{
	static const struct {
		const char *layer, *user, *want;
	} rows[] = {
		{ "d etc\nf etc/passwd redis:x:101:102::/var/redis:/bin/no", "redis",
			"env=HOME=/var/redis|\ncwd=/|\nuid=101|\ngid=102|\n" },
		{ "d etc\nl etc/passwd ../../../p\nf p redis:x:101:102::/r:", "redis",
			"uid=101|\ngid=102|\n" },
		{ "f x", "redis", "error: no user 'redis' in the root's /etc/passwd" },
		{ "l etc /proc/self/root/etc", "root",
			"error: no user 'root' in the root's /etc/passwd" },
		{ "d etc\nd etc/passwd", "redis",
			"error: the image's /etc/passwd is not a regular file" },
		{ "d etc\nc etc/passwd", "redis",
			"error: the image's /etc/passwd is not a regular file" },
		{ "d etc\nd etc/passwd", "5", "uid=5|\n" },
		{ "f x", "4294967296", "error: no user '4294967296'" },
		{ "f x", "7:nogroup", "error: no group 'nogroup' in the root's /etc/group" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct image_config c = { .cmd = { sh, 1 }, .user = rows[i].user };
		auto_free char *text = record(rows[i].layer, &c);

		if (!check(strstr(text, rows[i].want) != NULL))
			printf("# row %zu: %s\n", i, text);
	}
}

static void huge_passwd_is_not_read(void)
{
	const struct image_config c = { .cmd = { sh, 1 }, .user = "redis" };
	struct tree *t = tree_of("d etc\nf etc/passwd x");
	const struct adapt a = { t, 0 };
	const struct content huge = { .size = 1ULL << 40, .fd = -1 };
	struct node *node = NULL;
	struct err e;

	check_int(tree_resolve(t, "etc/passwd", TREE_FOLLOW, &node), 0);
	node->inode->content = &huge;
	check(adapt_boot_record(&a, &c, &e) < 0);
	check(strstr(e.text, "is larger than") != NULL);
	tree_free(t);
}

static void bad_stop_signal_is_an_error(void)
{
	const struct image_config c = { .cmd = { sh, 1 }, .stop_signal = "SIGNAL" };
	auto_free char *text = record("f x", &c);

	check_text(text, "error: the image's stop signal 'SIGNAL' is no signal");
}

int main(void)
{
	RUN(init_follows_the_links_of_the_image);
	RUN(links_of_the_image_are_not_written_through);
	RUN(init_where_no_directory_can_be_is_an_error);
	RUN(mount_points_are_made_where_missing);
	RUN(skeleton_fills_gaps_only);
	RUN(record_says_what_the_config_says);
	RUN(image_that_says_nothing_runs_its_shell);
	RUN(user_comes_from_the_image_and_from_nowhere_else);
	RUN(huge_passwd_is_not_read);
	RUN(bad_stop_signal_is_an_error);
	return tap_done();
}
