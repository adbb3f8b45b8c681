/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image.h"

#include "tests/unit/images.h"

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
	RUN(config_is_read);
	return remove_work() < 0 ? 1 : tap_done();
}
