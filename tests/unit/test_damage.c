/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <sys/mman.h>

#include "builder/output/output.h"
#include "lib/remove.h"
#include "tests/unit/images.h"

static void root_archive_without_an_end_mark_is_cut_off(void)
{
	auto_buf struct buf archive = { 0 };

	make_layer(&archive, 0, NULL);
	/* The last file's only byte is the last but for padding and two empty blocks. */
	while (!archive.bytes[archive.size - 1])
		archive.size--;
	expect(save("short.tar", &archive),
		"error: 'short.tar': has no end mark: it is cut off, or no tar archive");
	archive.size--;
	expect(save("short.tar", &archive),
		"error: 'short.tar': 'd/b': bad tar data: Truncated tar archive");
}

static void bombs_are_stopped(void)
{
	struct image_options tight = plain;
	auto_buf struct buf archive = { 0 };
	auto_free char *size = NULL, *ratio = NULL, *entries = NULL;
	char *zeros = xcalloc(1, 80 << 20);
	struct tar t;

	tar_begin(&t, &archive, "zstd");
	tar_file(&t, "a", zeros, 1 << 20);
	tar_file(&t, "b", zeros, 80 << 20);
	tar_end(&t);
	free(zeros);
	(void)save("bomb.tar", &archive);
	tight.limits.size = 2 << 20;
	size = outcome(save("bomb.tar", &archive), &tight);
	check(strstr(size, "--max-size allows more") != NULL);
	tight = plain;
	tight.limits.ratio = 1000;
	ratio = outcome(save("bomb.tar", &archive), &tight);
	check(strstr(ratio, "--max-ratio allows more") != NULL);
	tight = plain;
	tight.limits.entries = 1;
	entries = outcome(save("bomb.tar", &archive), &tight);
	check(strstr(entries, "--max-entries allows more") != NULL);
}

static void truncation_anywhere_is_an_error_or_nothing(void)
{
	struct made m;
	auto_buf struct buf archive = { 0 };

	make_image(&m, "gzip");
	make_manifest(&m, layer_type);
	write_oci(&m, &archive, NULL);
	for (size_t size = archive.size; size >= 512; size -= 512) {
		struct buf cut = { archive.bytes, size - 512, 0 };
		auto_free char *got = outcome(save("cut.tar", &cut), &plain);

		check(!strncmp(got, "error: ", 7) || !strcmp(got, MERGED) ||
			strstr(got, "oci-layout") || !strcmp(got, "d 0755 0:0 - .\n"));
	}
	made_release(&m);
}

static void rubbish_behind_the_end_of_a_root_archive_is_an_error(void)
{
	static const char *const filters[] = { NULL, "gzip", "zstd", "xz", "bzip2", "lz4" };

	for (size_t n = 0; n < ARRAY_LEN(filters); n++) {
		auto_buf struct buf archive = { 0 };
		auto_free char *whole = NULL, *padded = NULL, *longer = NULL;
		static const char zeros[1000];

		make_layer(&archive, 0, filters[n]);
		whole = outcome(save("whole.tar", &archive), &plain);
		check(!strncmp(whole, "d 0755", 6));
		buf_put(&archive, zeros, sizeof(zeros));
		padded = outcome(save("padded.tar", &archive), &plain);
		check_text(padded, whole);
		archive.size -= sizeof(zeros);
		buf_puts(&archive, "some rubbish, which is no end mark");
		longer = outcome(save("longer.tar", &archive), &plain);
		check(!strncmp(longer, "error: 'longer.tar': ", 21));
	}
}

static void rubbish_behind_an_image_archive_is_padding(void)
{
	struct made m;
	auto_buf struct buf archive = { 0 };

	make_image(&m, "gzip");
	make_manifest(&m, layer_type);
	write_oci(&m, &archive, NULL);
	buf_puts(&archive, "some rubbish");
	expect(save("longer.oci.tar", &archive), MERGED);
	made_release(&m);
}

/* As tar(1) and docker import take it: an archive of nothing is nothing but its end mark. */
static void zeros_are_an_empty_archive_and_nothing_is_none(void)
{
	char zeros[10240] = "";
	struct buf all = { zeros, sizeof(zeros), 0 }, two = { zeros, 1024, 0 },
		   none = { zeros, 0, 0 };

	expect(save("zeros.tar", &all), "d 0755 0:0 - .\n");
	expect(save("zeros.tar", &two), "d 0755 0:0 - .\n");
	expect(save("none.tar", &none), "error: 'none.tar': is empty");
}

/* A tree that leads out wherever it can, beside what must not change: work/out/canary. */
static void make_hostile_root(struct buf *to)
{
	struct archive_entry *entry = tar_entry("h", S_IFREG, 0644);
	struct tar t;

	tar_begin(&t, to, NULL);
	tar_dir(&t, "d/");
	tar_symlink(&t, "l", "../canary");
	tar_symlink(&t, "up", "..");
	tar_text(&t, "d/f", "x");
	archive_entry_set_hardlink(entry, "d/f");
	tar_put(&t, entry, NULL, 0);
	tar_text(&t, "d/.wh.g", "");
	tar_text(&t, "up/canary", "");
	tar_end(&t);
}

static void write_dir(struct tree *t, const char *path)
{
	struct output o = { .tree = t };
	struct err e;
	auto_close int dir = -1, top = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	check_int(mkdir(path, 0700), 0);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check_int(output_find("dir", "", &o.format, &e), 0);
	if (output_write(&o, dir, &e) < 0)
		check(*e.text && !strchr(e.text, '\n'));
	check_int(remove_below(top, path + strlen(work) + 1), 0);
}

/*
 * Reads it, and, where no tree before it was like that (*last), writes what comes of it to
 * `root`. Whether it was taken.
 */
static bool read_and_write(const char *path, const char *root, char **last)
{
	struct tree *t = tree_new();
	struct image *i = NULL;
	struct err e = { "" };
	char *text = NULL;
	size_t size;
	FILE *nowhere = fopen("/dev/null", "we"), *to = open_memstream(&text, &size);
	int r = image_open(path, &plain, &i, &e);

	if (r >= 0)
		r = read_into(i, t, nowhere, &e);
	if (r < 0)
		check(!strncmp(e.text, "'/proc/self/fd/", 15) && !strchr(e.text, '\n'));
	tree_sort(t);
	if (r >= 0)
		r = tree_dump(t, to, DUMP_MTIME, &e);
	(void)fclose(to);
	(void)fclose(nowhere);
	if (r >= 0 && (!*last || strcmp(*last, text) != 0))
		write_dir(t, root);
	free(*last);
	*last = text;
	image_free(i);
	tree_free(t);
	return r >= 0;
}

static void canary_lives(const char *folder)
{
	struct dirent **names;
	char path[300];
	int count = scandir(folder, &names, NULL, alphasort);

	/* ".", "..", itself. */
	check_int(count, 3);
	check_text(names[2]->d_name, "canary");
	while (count > 0)
		free(names[--count]);
	free(names);
	(void)snprintf(path, sizeof(path), "%s/canary", folder);
	auto_buf struct buf text = { 0 };
	struct err e;

	check_int(io_load(AT_FDCWD, path, &text, 100, &e), 0);
	check_text(text.bytes, "alive");
}

/* Checksums of headers are made right again, or hardly any other damage would be looked at. */
static void sum_headers(unsigned char *at, size_t size)
{
	for (; size >= 512; at += 512, size -= 512) {
		unsigned sum = 0;

		if (memcmp(at + 257, "ustar", 5) != 0)
			continue;
		memset(at + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += at[i];
		(void)snprintf((char *)at + 148, 8, "%06o", sum);
	}
}

/* Every byte, all its bits turned and one of them, with and without checksums made right. */
static void try_each_byte(const struct buf *archive, bool summed)
{
	auto_close int fd = memfd_create("damage", MFD_CLOEXEC);
	auto_free unsigned char *copy = xmalloc(archive->size);
	auto_free char *last = NULL;
	char path[64], out[256], root[300];
	size_t taken = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)snprintf(out, sizeof(out), "%s/out", work);
	(void)snprintf(root, sizeof(root), "%s/root", out);
	check_int(mkdir(out, 0700) == 0 || errno == EEXIST, 1);
	(void)snprintf(root, sizeof(root), "%s/canary", out);
	check_int(io_write(open(root, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), "alive",
			  5),
		0);
	(void)snprintf(root, sizeof(root), "%s/root", out);
	for (size_t n = 0; n < archive->size * 2; n++) {
		memcpy(copy, archive->bytes, archive->size);
		copy[n / 2] = (unsigned char)(copy[n / 2] ^ (n % 2 ? 0xff : 1 << n / 2 % 8));
		if (summed)
			sum_headers(copy, archive->size);
		check_int(io_pwrite(fd, copy, archive->size, 0), 0);
		taken += read_and_write(path, root, &last);
	}
	canary_lives(out);
	printf("# %zu of %zu taken\n", taken, archive->size * 2);
}

static void a_byte_changed_anywhere_is_one_line_or_stays_inside(void)
{
	struct made m;
	auto_buf struct buf oci = { 0 }, root = { 0 };

	make_image(&m, "gzip");
	make_manifest(&m, layer_type);
	write_oci(&m, &oci, NULL);
	try_each_byte(&oci, false);
	made_release(&m);
	make_hostile_root(&root);
	try_each_byte(&root, false);
	try_each_byte(&root, true);
}

int main(void)
{
	if (!mkdtemp(work))
		return 1;
	RUN(root_archive_without_an_end_mark_is_cut_off);
	RUN(bombs_are_stopped);
	RUN(rubbish_behind_the_end_of_a_root_archive_is_an_error);
	RUN(rubbish_behind_an_image_archive_is_padding);
	RUN(zeros_are_an_empty_archive_and_nothing_is_none);
	RUN(truncation_anywhere_is_an_error_or_nothing);
	RUN(a_byte_changed_anywhere_is_one_line_or_stays_inside);
	return remove_work() < 0 ? 1 : tap_done();
}
