/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/verb/text.h"

#include <string.h>

#include "builder/image/filecaps.h"
#include "tests/unit/tap.h"

static void check_shown(const char *text, const char *want)
{
	auto_buf struct buf b = { 0 };

	text_put(&b, text);
	check_text(b.bytes, want);
}

static void what_is_utf8_is_shown_as_it_is(void)
{
	check_shown("usr/bin/caf\xc3\xa9", "usr/bin/caf\xc3\xa9");
	check_shown("\xe2\x82\xac \xf0\x9f\x90\x8b", "\xe2\x82\xac \xf0\x9f\x90\x8b");
}

static void what_drives_a_terminal_or_is_no_utf8_is_shown_in_hex(void)
{
	check_shown("a\x1b[2J\n", "a\\x1b[2J\\x0a");
	check_shown("back\\slash\x7f", "back\\x5cslash\\x7f");
	check_shown("c1 \xc2\x9b", "c1 \\xc2\\x9b");
	check_shown("next line \xe2\x80\xa8", "next line \\xe2\\x80\\xa8");
	check_shown("\xff cut \xe2\x82", "\\xff cut \\xe2\\x82");
	/* Too long for what they say, a surrogate, and beyond the last character. */
	check_shown("\xc0\xaf", "\\xc0\\xaf");
	check_shown("\xed\xa0\x80", "\\xed\\xa0\\x80");
	check_shown("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	check(!text_is_utf8("\xc0\xaf"));
	check(text_is_utf8("\x1b"));
}

static void modes_are_shown_as_ls_shows_them(void)
{
	static const struct {
		enum inode_type type;
		uint32_t mode;
		const char *want;
	} rows[] = {
		{ INODE_FILE, 0644, "-rw-r--r--" },
		{ INODE_FILE, 06755, "-rwsr-sr-x" },
		{ INODE_FILE, 06644, "-rwSr-Sr--" },
		{ INODE_DIR, 01777, "drwxrwxrwt" },
		{ INODE_DIR, 01770, "drwxrwx--T" },
		{ INODE_SYMLINK, 0777, "lrwxrwxrwx" },
		{ INODE_BLOCK, 0, "b---------" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct inode inode = { .type = rows[i].type, .mode = rows[i].mode };
		auto_buf struct buf b = { 0 };

		text_put_mode(&b, &inode);
		check_text(b.bytes, rows[i].want);
	}
}

/* linux/capability.h, vfs_cap_data and vfs_ns_cap_data; cap_net_raw is 13. */
static void file_capabilities_are_told_in_every_revision(void)
{
	static const unsigned char first[12] = { 1, 0, 0, 1, 0, 0x20 };
	static const unsigned char second[20] = { 0, 0, 0, 2, 0, 0x20, 0, 0, 0, 0x20 };
	static const unsigned char third[24] = { 1, 0, 0, 3, 0, 0x20, [20] = 0xe8, 3 };
	auto_buf struct buf a = { 0 }, b = { 0 }, c = { 0 };

	check_int(filecaps_put(&a, first, sizeof(first)), 0);
	check_text(a.bytes, "cap_net_raw=ep");
	check_int(filecaps_put(&b, second, sizeof(second)), 0);
	check_text(b.bytes, "cap_net_raw=ip");
	check_int(filecaps_put(&c, third, sizeof(third)), 0);
	check_text(c.bytes, "cap_net_raw=ep [rootid=1000]");
}

static void what_is_no_file_capability_is_refused_and_shown_in_hex(void)
{
	static const unsigned char bytes[20] = { 1, 0, 0, 9 };
	const struct xattr x = { "security.capability", bytes, 5 };
	auto_buf struct buf b = { 0 };

	check_int(filecaps_put(&b, bytes, sizeof(bytes)), -EINVAL);
	check_int(filecaps_put(&b, bytes, 3), -EINVAL);
	check_int(filecaps_put(&b, bytes, 0), -EINVAL);
	check_int(b.size, 0);
	text_put_xattr(&b, &x);
	check_text(b.bytes, "0x0100000900");
}

static void names_that_are_no_utf8_keep_their_bytes_in_json(void)
{
	auto_json json_t *good = json_object(), *bad = json_object();

	text_json_name(good, "path", "caf\xc3\xa9\x1b");
	check_text(json_string_value(json_object_get(good, "path")), "caf\xc3\xa9\x1b");
	check(!json_object_get(good, "path_hex"));
	text_json_name(bad, "path", "a\xff");
	check_text(json_string_value(json_object_get(bad, "path")), "a\\xff");
	check_text(json_string_value(json_object_get(bad, "path_hex")), "61ff");
}

int main(void)
{
	RUN(what_is_utf8_is_shown_as_it_is);
	RUN(what_drives_a_terminal_or_is_no_utf8_is_shown_in_hex);
	RUN(modes_are_shown_as_ls_shows_them);
	RUN(file_capabilities_are_told_in_every_revision);
	RUN(what_is_no_file_capability_is_refused_and_shown_in_hex);
	RUN(names_that_are_no_utf8_keep_their_bytes_in_json);
	return tap_done();
}
