/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/kept.h"

#include <errno.h>

#include "tests/unit/tap.h"

static int parse(const char *text, struct kept *k)
{
	return kept_parse(text, strlen(text), k);
}

static void what_is_written_is_read_again(void)
{
	static const char *const texts[] = { "0:0:755", "101:4000000000:4711",
		"0:0:666:char:1:3", "4294967295:0:7777:block:259:70000", "0:5:640:fifo",
		"7:8:0:socket" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char text[KEPT_TEXT_SIZE];
		struct kept k = { .mode = 1 };

		check_int(parse(texts[i], &k), 0);
		kept_format(&k, text);
		check_text(text, texts[i]);
	}
}

static void what_it_is_not_is_refused(void)
{
	static const char *const texts[] = { "", ":", "0", "0:0", "0:0:", "0:0:8", "0:0:10000",
		"0:0:755:", "-1:0:755", "4294967296:0:755", "0:0:755:dir", "0:0:755:char",
		"0:0:755:char:1", "0:0:755:char:1:", "0:0:755:char:1:2:3", "0:0:755:fifo:1:2",
		"0:0:755 ", "0::755", "0x1:0:755", "0:0:755:chars:1:2",
		"99999999999999999999999999:0:0" };
	struct kept k;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!check_int(parse(texts[i], &k), -EINVAL))
			printf("# of '%s'\n", texts[i]);
}

static void links_have_theirs_or_that_of_all_others(void)
{
	static const char value[] = "1:2:777//0:0:777/b/a b//3:4:700/z";
	struct kept_links l = { 0 };

	check_int(kept_links_parse(value, sizeof(value) - 1, &l), 0);
	check_int(kept_links_find(&l, "a b")->uid, 0);
	check_int(kept_links_find(&l, "b")->uid, 0);
	check_int(kept_links_find(&l, "z")->gid, 4);
	check_int(kept_links_find(&l, "z")->mode, 0700);
	check_int(kept_links_find(&l, "a")->uid, 1);
	check_int(kept_links_find(&l, "zz")->gid, 2);
	kept_links_release(&l);
	check_int(kept_links_find(&l, "b")->uid, 0);
	check_int(kept_links_find(&l, "b")->mode, 0777);
}

static void links_that_make_no_sense_are_refused(void)
{
	static const char *const texts[] = { "/", "//", "a", "0:0:777///", "/a",
		"0:0:777/a//x/b" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct kept_links l = { 0 };

		check_int(kept_links_parse(texts[i], strlen(texts[i]), &l), -EINVAL);
		kept_links_release(&l);
	}
}

int main(void)
{
	RUN(what_is_written_is_read_again);
	RUN(what_it_is_not_is_refused);
	RUN(links_have_theirs_or_that_of_all_others);
	RUN(links_that_make_no_sense_are_refused);
	return tap_done();
}
