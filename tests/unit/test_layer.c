/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer.h"

#include "tests/unit/images.h"

static void root_archive_is_one_layer(void)
{
	auto_buf struct buf archive = { 0 };

	make_layer(&archive, 0, NULL);
	expect(save("root.tar", &archive),
		"d 0755 0:0 - .\nd 0755 0:0 - d\nf 0644 0:0 1 d/a " SHA_A
		"\nf 0644 0:0 1 d/b " SHA_B "\n");
}

static void names_are_bytes_in_any_locale(void)
{
	auto_buf struct buf archive = { 0 };
	struct tar t;

	tar_begin(&t, &archive, NULL);
	tar_text(&t,
		"gr\xc3\xbc\xc3\x9f"
		"e",
		"");
	tar_text(&t,
		"not\xff"
		"utf",
		"");
	tar_text(&t, "new\nline", "");
	tar_end(&t);
	expect(save("names.tar", &archive), "d 0755 0:0 - .\n"
					    "f 0644 0:0 0 gr\\xc3\\xbc\\xc3\\x9fe " EMPTY "\n"
					    "f 0644 0:0 0 new\\x0aline " EMPTY "\n"
					    "f 0644 0:0 0 not\\xffutf " EMPTY "\n");
}

static void sparse_files_keep_their_holes(void)
{
	static const char *const filters[] = { NULL, "gzip" };

	for (size_t n = 0; n < ARRAY_LEN(filters); n++) {
		auto_buf struct buf archive = { 0 };
		struct archive_entry *entry = tar_entry("big", S_IFREG, 0644);
		struct tar t;
		auto_free char *got = NULL;
		char *zeros = xcalloc(1, 1 << 20);

		zeros[(1 << 20) - 1] = 'x';
		tar_begin(&t, &archive, filters[n]);
		archive_entry_set_size(entry, 1 << 20);
		archive_entry_sparse_add_entry(entry, (1 << 20) - 4096, 4096);
		tar_put(&t, entry, zeros, 1 << 20);
		tar_text(&t, "last", "a");
		tar_end(&t);
		check(archive.size < 100000);
		got = outcome(save("sparse.tar", &archive), &plain);
		check_text(got,
			"d 0755 0:0 - .\nf 0644 0:0 1048576 big "
			"0c850a0eab10537b4fa64e3871bddd0f2cf17c1730c71568735ab7d981e1142e\n"
			"f 0644 0:0 1 last " SHA_A "\n");
		free(zeros);
	}
}

/* With an ACL the group's bits of a mode are those of the mask, whatever the header says. */
static void acls_as_text_become_attributes(void)
{
	static const struct {
		int kind, perm, tag, id;
		const char *name;
	} acls[] = {
		{ ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 6, ARCHIVE_ENTRY_ACL_USER, 1234, "" },
		{ ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 4, ARCHIVE_ENTRY_ACL_GROUP, 5, "" },
		{ ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 6, ARCHIVE_ENTRY_ACL_MASK, -1, "" },
	};
	struct archive_entry *entry = tar_entry("f", S_IFREG, 0640);
	auto_buf struct buf archive = { 0 };
	struct tar t;

	tar_begin(&t, &archive, NULL);
	for (size_t i = 0; i < ARRAY_LEN(acls); i++)
		(void)archive_entry_acl_add_entry(entry, acls[i].kind, acls[i].perm,
			acls[i].tag, acls[i].id, acls[i].name);
	tar_put(&t, entry, NULL, 0);
	tar_end(&t);
	expect(save("acl.tar", &archive),
		"d 0755 0:0 - .\nf 0660 0:0 0 f {system.posix_acl_access=02000000"
		"01000600ffffffff02000600d204000004000400ffffffff0800040005000000"
		"10000600ffffffff20000000ffffffff} " EMPTY "\n");
}

static void directory_is_read_as_it_is(void)
{
	char path[300], other[300];

	(void)snprintf(path, sizeof(path), "%s/root", work);
	check_int(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/root/b", work);
	check_int(io_write(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "b", 1), 0);
	(void)snprintf(other, sizeof(other), "%s/root/c", work);
	check_int(link(path, other), 0);
	(void)snprintf(other, sizeof(other), "%s/root/l", work);
	check_int(symlink("/etc/passwd", other), 0);
	(void)snprintf(path, sizeof(path), "%s/root", work);
	if (getuid() == 0)
		expect(path, "d 0755 0:0 - .\nf 0644 0:0 1 b " SHA_B
			     "\nf 0644 0:0 1 c = b\nl 0777 0:0 - l -> /etc/passwd\n");
}

int main(void)
{
	if (!mkdtemp(work))
		return 1;
	RUN(root_archive_is_one_layer);
	RUN(names_are_bytes_in_any_locale);
	RUN(sparse_files_keep_their_holes);
	RUN(acls_as_text_become_attributes);
	RUN(directory_is_read_as_it_is);
	return remove_work() < 0 ? 1 : tap_done();
}
