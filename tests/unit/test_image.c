/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/merge/merge.h"
#include "builder/tree/content.h"
#include "builder/tree/dump.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/spawn.h"
#include "tests/unit/tap.h"
#include "tests/unit/tars.h"

static char work[] = "/tmp/test_image.XXXXXX";

static const char *save(const char *name, const struct buf *bytes)
{
	static char path[256];
	auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", work, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check_int(io_write(fd, bytes->bytes, bytes->size), 0);
	return path;
}

static int merge_one(size_t layer, struct entry_list *entries, void *context, struct err *e)
{
	(void)layer;
	return merge_layer(context, entries, NULL, e);
}

static int read_into(struct image *i, struct tree *t, FILE *out, struct err *e)
{
	const struct merge_options options = { .limits = LIMITS_DEFAULT };
	struct merge *m = merge_new(t, &options);
	int r = image_read(i, merge_one, m, e);

	merge_free(m);
	return r < 0 ? r : tree_dump(t, out, DUMP_CONTENT, e);
}

/* The tree of an image as text, or "error: …" without the folder's name; to be freed. */
static char *outcome(const char *path, const struct image_options *options)
{
	struct tree *t = tree_new();
	struct image *i = NULL;
	struct err e = { "" };
	char *text = NULL, *place;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r = image_open(path, options, &i, &e);

	if (r >= 0)
		r = read_into(i, t, out, &e);
	while ((place = strstr(e.text, work)))
		memmove(place, place + sizeof(work), strlen(place + sizeof(work)) + 1);
	if (!out)
		abort();
	if (r < 0)
		(void)fprintf(out, "error: %s", e.text);
	(void)fclose(out);
	image_free(i);
	tree_free(t);
	return text;
}

static const struct image_options plain = { .limits = { .size = 1 << 30 }, .threads = 2 };

static void expect(const char *path, const char *want)
{
	auto_free char *got = outcome(path, &plain);

	check_text(got, want);
}

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define SHA_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
#define MERGED             \
	"d 0755 0:0 - .\n" \
	"d 0755 0:0 - d\n" \
	"f 0644 0:0 1 d/b " SHA_B "\n"

/* d/a and d/b in the first layer, a whiteout of d/a in the second. */
static void make_layer(struct buf *to, int n, const char *filter)
{
	struct tar t;

	tar_begin(&t, to, filter);
	if (n == 0) {
		tar_dir(&t, "d/");
		tar_text(&t, "d/a", "a");
		tar_text(&t, "d/b", "b");
	} else {
		tar_text(&t, "d/.wh.a", "");
	}
	tar_end(&t);
}

static void put_blob(struct tar *t, const struct buf *bytes)
{
	char digest[DIGEST_SIZE], path[128];

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest_of(bytes, digest) + 7);
	tar_file(t, path, bytes->bytes, bytes->size);
}

struct made {
	struct buf layer[2], config, manifest, index;
	char digest[5][DIGEST_SIZE], diff[2][DIGEST_SIZE];
};

static void made_release(struct made *m)
{
	buf_release(&m->layer[0]);
	buf_release(&m->layer[1]);
	buf_release(&m->config);
	buf_release(&m->manifest);
	buf_release(&m->index);
}

static void make_image(struct made *m, const char *filter)
{
	*m = (struct made){ 0 };
	for (int n = 0; n < 2; n++) {
		auto_buf struct buf bare = { 0 };

		make_layer(&bare, n, NULL);
		(void)digest_of(&bare, m->diff[n]);
		make_layer(&m->layer[n], n, filter);
		(void)digest_of(&m->layer[n], m->digest[n]);
	}
	buf_printf(&m->config,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"/x\"],"
		"\"Env\":[\"A=1\"],\"User\":\"7\"},\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"%s\",\"%s\"]}}",
		m->diff[0], m->diff[1]);
	(void)digest_of(&m->config, m->digest[2]);
}

static void make_manifest(struct made *m, const char *layer_type)
{
	buf_printf(&m->manifest,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		"vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},\"layers\":["
		"{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu},"
		"{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}]}",
		m->digest[2], m->config.size, layer_type, m->digest[0], m->layer[0].size,
		layer_type, m->digest[1], m->layer[1].size);
	(void)digest_of(&m->manifest, m->digest[3]);
	buf_printf(&m->index,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
		"vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu,"
		"\"annotations\":{\"org.opencontainers.image.ref.name\":\"one\"}}]}",
		m->digest[3], m->manifest.size);
}

static const char layer_type[] = "application/vnd.oci.image.layer.v1.tar";

static void write_oci(struct made *m, struct buf *to, const char *outer)
{
	struct tar t;

	tar_begin(&t, to, outer);
	tar_text(&t, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	put_blob(&t, &m->layer[1]);
	put_blob(&t, &m->layer[0]);
	put_blob(&t, &m->config);
	put_blob(&t, &m->manifest);
	tar_file(&t, "index.json", m->index.bytes, m->index.size);
	tar_end(&t);
}

static void oci_archive_with_layers_packed_in_any_way(void)
{
	static const char *const filters[] = { NULL, "gzip", "zstd", "xz", "bzip2", "lz4" };

	for (size_t n = 0; n < ARRAY_LEN(filters); n++) {
		struct made m;
		auto_buf struct buf archive = { 0 };

		make_image(&m, filters[n]);
		make_manifest(&m, layer_type);
		write_oci(&m, &archive, NULL);
		expect(save("oci.tar", &archive), MERGED);
		made_release(&m);
	}
}

static void archive_that_is_packed_itself(void)
{
	static const char *const filters[] = { "gzip", "zstd", "xz", "bzip2", "lz4" };

	for (size_t n = 0; n < ARRAY_LEN(filters); n++) {
		struct made m;
		auto_buf struct buf archive = { 0 };

		make_image(&m, "gzip");
		make_manifest(&m, layer_type);
		write_oci(&m, &archive, filters[n]);
		expect(save("oci.tar.packed", &archive), MERGED);
		made_release(&m);
	}
}

static void wrong_bytes_are_told_by_their_digest(void)
{
	struct made m;
	auto_buf struct buf archive = { 0 };
	auto_free char *got = NULL;
	char *place;

	make_image(&m, NULL);
	make_manifest(&m, layer_type);
	write_oci(&m, &archive, NULL);
	/* The name d/b in the layer becomes d/c; tar's own checksum stays right. */
	place = memmem(archive.bytes, archive.size, "b\0\0\0\0\0\0\0\0", 9);
	check(place != NULL);
	place = memmem(archive.bytes, archive.size, "d/b", 3);
	check(place != NULL);
	place[512] = 'c';
	got = outcome(save("bad.tar", &archive), &plain);
	check(!strncmp(got, "error: 'bad.tar': layer 1: digest is sha256:", 44));
	made_release(&m);
}

static void lies_of_the_manifest_are_refused(void)
{
	static const struct {
		const char *type, *from, *to, *why;
	} rows[] = {
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "", "",
			"layer 1: is not distributed with the image" },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar", "", "",
			"layer 1: is not distributed with the image" },
		{ "application/x-sandwich", "", "", "layer 1: is not a file system layer" },
		{ layer_type, "\"layers\"", "\"layer5\"", "has no 'layers'" },
		{ layer_type, "\"size\":", "\"size\":1", "bytes, not 1" },
		{ layer_type, "{\"schema", "[\"schema", "line 1" },
		{ layer_type, "\"config\":{", "\"manifests\":[],\"config\":{",
			"has 'layers' and 'manifests'" },
		{ layer_type, "sha256:", "sha256:../../../etc/passwd", "the bad digest" },
		{ layer_type, "sha256:", "sha512:", "the bad digest" },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct made m;
		auto_buf struct buf archive = { 0 };
		auto_buf struct buf changed = { 0 };
		auto_free char *got = NULL;
		char *place;

		make_image(&m, NULL);
		make_manifest(&m, rows[n].type);
		place = strstr(m.manifest.bytes, rows[n].from);
		buf_put(&changed, m.manifest.bytes, (size_t)(place - m.manifest.bytes));
		buf_puts(&changed, rows[n].to);
		buf_puts(&changed, place + strlen(rows[n].from));
		buf_release(&m.manifest);
		m.manifest = changed;
		changed = (struct buf){ 0 };
		m.index.size = 0;
		buf_printf(&m.index,
			"{\"manifests\":[{\"mediaType\":\"application/"
			"vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu}]}",
			digest_of(&m.manifest, m.digest[3]), m.manifest.size);
		write_oci(&m, &archive, NULL);
		got = outcome(save("lie.tar", &archive), &plain);
		check(!strncmp(got, "error: ", 7));
		if (!check(strstr(got, rows[n].why) != NULL))
			printf("# row %zu: %s\n", n, got);
		made_release(&m);
	}
}

static void docker_archive_with_a_linked_layer(void)
{
	struct made m;
	auto_buf struct buf archive = { 0 }, manifest = { 0 };
	char name[512];
	struct tar t;

	make_image(&m, NULL);
	(void)snprintf(name, sizeof(name), "%s.json", m.digest[2] + 7);
	buf_printf(&manifest,
		"[{\"Config\":\"%s\",\"RepoTags\":[\"x:1\"],\"Layers\":[\"one/layer.tar\","
		"\"two/layer.tar\"]}]",
		name);
	tar_begin(&t, &archive, NULL);
	tar_dir(&t, "one/");
	tar_text(&t, "one/VERSION", "1.0");
	tar_symlink(&t, "one/layer.tar", "../real/layer.tar");
	tar_file(&t, "real/layer.tar", m.layer[0].bytes, m.layer[0].size);
	tar_file(&t, "two/layer.tar", m.layer[1].bytes, m.layer[1].size);
	tar_file(&t, name, m.config.bytes, m.config.size);
	tar_file(&t, "manifest.json", manifest.bytes, manifest.size);
	tar_end(&t);
	expect(save("docker.tar", &archive), MERGED);
	made_release(&m);
}

static void hostile_docker_manifests_are_refused(void)
{
	static const struct {
		const char *manifest, *why;
	} rows[] = {
		{ "[{\"Config\":\"../../etc/passwd\",\"Layers\":[]}]",
			"has no member '../../etc/passwd'" },
		{ "[{\"Config\":\"link\",\"Layers\":[]}]",
			"member 'link' is a link out of the archive" },
		{ "[{\"Config\":\"loop\",\"Layers\":[]}]", "member 'loop' is a loop of links" },
		{ "[{\"Config\":\"dir\",\"Layers\":[]}]", "has no member 'dir'" },
		{ "[{\"Config\":\"fifo\",\"Layers\":[]}]",
			"member 'fifo' is not a plain file" },
		{ "[{\"Config\":\"config\",\"Layers\":[\"none\"]}]", "no member 'none'" },
		{ "[{\"Config\":\"config\",\"Layers\":[\"config\",\"config\"]}]",
			"1 diff IDs for 2 layers" },
		{ "[{\"Config\":\"config\",\"Layers\":[7]}]", "not a string" },
		{ "[{\"Config\":\"config\",\"Layers\":{}}]", "not an array" },
		{ "[{\"Config\":\"config\",\"Config\":\"config\"}]", "duplicate" },
		{ "{}", "lists no image" },
		{ "[]", "lists no image" },
		{ "[7]", "malformed" },
		{ "[{},{}]", "several images" },
		{ "[", "line 1" },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		auto_buf struct buf archive = { 0 };
		auto_free char *got = NULL;
		struct tar t;

		tar_begin(&t, &archive, NULL);
		tar_text(&t, "config", "{\"rootfs\":{\"diff_ids\":[\"sha256:" EMPTY "\"]}}");
		tar_symlink(&t, "link", "../../etc/passwd");
		tar_symlink(&t, "loop", "loop");
		tar_dir(&t, "dir/");
		tar_put(&t, tar_entry("fifo", S_IFIFO, 0644), NULL, 0);
		tar_text(&t, "manifest.json", rows[n].manifest);
		tar_end(&t);
		got = outcome(save("hostile.tar", &archive), &plain);
		if (!check(!strncmp(got, "error: ", 7) && strstr(got, rows[n].why)))
			printf("# row %zu: %s\n", n, got);
	}
}

static void root_archive_is_one_layer(void)
{
	auto_buf struct buf archive = { 0 };

	make_layer(&archive, 0, NULL);
	expect(save("root.tar", &archive),
		"d 0755 0:0 - .\nd 0755 0:0 - d\nf 0644 0:0 1 d/a " SHA_A
		"\nf 0644 0:0 1 d/b " SHA_B "\n");
}

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
	struct archive_entry *entry = tar_entry("f", S_IFREG, 0660);
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
		"01000600ffffffff02000600d204000004000600ffffffff0800040005000000"
		"10000600ffffffff20000000ffffffff} " EMPTY "\n");
}

static void config_is_read(void)
{
	struct made m;
	auto_buf struct buf archive = { 0 };
	struct image *i = NULL;
	struct err e;

	make_image(&m, "gzip");
	make_manifest(&m, layer_type);
	write_oci(&m, &archive, NULL);
	check_int(image_open(save("oci.tar", &archive), &plain, &i, &e), 0);
	check_text(image_kind(i), "OCI archive");
	check_text(image_name(i), "one");
	check_text(image_config(i)->cmd.items[0], "/x");
	check_text(image_config(i)->env.items[0], "A=1");
	check_text(image_config(i)->user, "7");
	check_int(image_config(i)->entrypoint.count, 0);
	check_int(image_layer_count(i), 2);
	image_free(i);
	made_release(&m);
}

static int remove_work(void)
{
	const char *const argv[] = { "rm", "-rf", work, NULL };
	auto_buf struct buf none = { 0 };
	struct err e;

	return spawn_capture(argv, &none, &e);
}

int main(void)
{
	if (!mkdtemp(work))
		return 1;
	RUN(oci_archive_with_layers_packed_in_any_way);
	RUN(archive_that_is_packed_itself);
	RUN(wrong_bytes_are_told_by_their_digest);
	RUN(lies_of_the_manifest_are_refused);
	RUN(docker_archive_with_a_linked_layer);
	RUN(hostile_docker_manifests_are_refused);
	RUN(root_archive_is_one_layer);
	RUN(root_archive_without_an_end_mark_is_cut_off);
	RUN(names_are_bytes_in_any_locale);
	RUN(sparse_files_keep_their_holes);
	RUN(directory_is_read_as_it_is);
	RUN(bombs_are_stopped);
	RUN(truncation_anywhere_is_an_error_or_nothing);
	RUN(a_byte_changed_anywhere_is_an_error_or_harmless);
	RUN(acls_as_text_become_attributes);
	RUN(config_is_read);
	return remove_work() < 0 ? 1 : tap_done();
}
