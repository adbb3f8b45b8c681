/* SPDX-License-Identifier: Apache-2.0 */
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

static void a_byte_changed_anywhere_is_an_error_or_harmless(void)
{
	struct made m;
	auto_buf struct buf archive = { 0 };

	make_image(&m, "gzip");
	make_manifest(&m, layer_type);
	write_oci(&m, &archive, NULL);
	for (size_t at = 0; at < archive.size; at++) {
		/* Of the padding, which is most of it, a part. What has lost the names that
		 * make it an image is a root file system with blobs in it. */
		if (!archive.bytes[at] && at % 61)
			continue;
		archive.bytes[at] = (char)(archive.bytes[at] ^ (1 << at % 8));
		auto_free char *got = outcome(save("changed.tar", &archive), &plain);

		if (!check(got[0] && (!strncmp(got, "error: ", 7) || !strcmp(got, MERGED) ||
					     strstr(got, " blobs/"))))
			printf("# byte %zu: %s\n", at, got);
		archive.bytes[at] = (char)(archive.bytes[at] ^ (1 << at % 8));
	}
	made_release(&m);
}

int main(void)
{
	if (!mkdtemp(work))
		return 1;
	RUN(root_archive_without_an_end_mark_is_cut_off);
	RUN(bombs_are_stopped);
	RUN(truncation_anywhere_is_an_error_or_nothing);
	RUN(a_byte_changed_anywhere_is_an_error_or_harmless);
	return remove_work() < 0 ? 1 : tap_done();
}
