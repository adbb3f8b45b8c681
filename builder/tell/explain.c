/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tell/explain.h"

#include <inttypes.h>
#include <string.h>

#include "builder/tell/progress.h"
#include "lib/shell.h"

enum { WHITEOUTS_SHOWN = 10, TAR_BLOCK = 512 };

/* A file as tar has it: numbers for owners, and everything that belongs to it. */
#define TAKE_ALL "--numeric-owner --xattrs --xattrs-include='*'"

static void explain_image(FILE *out, const struct image *image, const char *input)
{
	size_t count = image_layer_count(image);

	fputs("# ", out);
	shell_word(out, input);
	fprintf(out, ": %s, %zu layer%s\n", image_kind(image), count, count == 1 ? "" : "s");
}

/* --- whiteouts: OCI image-spec, layer.md ----------------------------------------------------
 */

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_below_root(FILE *out, const char *path, size_t length, const char *name)
{
	char text[8192];

	while (length && (path[0] == '/' || (path[0] == '.' && length > 1 && path[1] == '/'))) {
		path++;
		length--;
	}
	(void)snprintf(text, sizeof(text), "ROOT/%.*s%s", (int)length, path, name);
	shell_word(out, text);
}

static bool is_whiteout(const struct entry *entry)
{
	return !strncmp(last_name(entry->path), ".wh.", 4) &&
	       (strncmp(last_name(entry->path), ".wh..wh.", 8) != 0 ||
		       !strcmp(last_name(entry->path), ".wh..wh..opq"));
}

static void put_whiteout(FILE *out, const struct entry *entry)
{
	const char *name = last_name(entry->path);
	size_t folder = (size_t)(name - entry->path);

	if (!strcmp(name, ".wh..wh..opq")) {
		fputs("find ", out);
		put_below_root(out, entry->path, folder, "");
		fputs(" -mindepth 1 -delete\t# opaque\n", out);
		return;
	}
	fputs("rm -rf ", out);
	put_below_root(out, entry->path, folder, name + strlen(".wh."));
	fputs("\t# whiteout\n", out);
}

/* They act on what lower layers have, wherever in the layer they stand: so they come first. */
static void put_whiteouts(FILE *out, const struct entry_list *entries)
{
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++)
		if (is_whiteout(&entries->items[i]) && count++ < WHITEOUTS_SHOWN)
			put_whiteout(out, &entries->items[i]);
	if (count > WHITEOUTS_SHOWN)
		fprintf(out, "# … and so on for %zu more whiteouts\n", count - WHITEOUTS_SHOWN);
}

/* --- layers ----------------------------------------------------------------------------------
 */

static const char *unpacker(const struct image_layer *layer)
{
	static const struct {
		const char *format, *command;
	} table[] = {
		{ "gzip", "gzip -dc" },
		{ "zstd", "zstd -dc" },
		{ "xz", "xz -dc" },
		{ "bzip2", "bzip2 -dc" },
		{ "lz4", "lz4 -dc" },
	};

	for (size_t i = 0; layer->packed && i < ARRAY_LEN(table); i++)
		if (!strcmp(table[i].format, layer->packed))
			return table[i].command;
	return NULL;
}

/* Writes the command that gives the blob, unpacked by `through` or, with NULL, as it is. */
static void put_blob(FILE *out, const struct image *image, const struct build_layer *layer,
	const char *through)
{
	const char *file = image_layer_file(image, layer->number - 1);

	if (file && !image_is_folder(image)) {
		fputs("tar -xOf ", out);
		shell_word(out, layer->input);
		fputc(' ', out);
		shell_word(out, file);
		fprintf(out, "%s%s", through ? " | " : "", through ? through : "");
		return;
	}
	fprintf(out, "%s ", through ? through : "cat");
	shell_word(out, layer->input);
	if (file) {
		fputc('/', out);
		shell_word(out, file);
	}
}

/* umoci ends a layer behind the last byte of its last file, which GNU tar does not take. */
static void put_extraction(
	FILE *out, const struct image *image, const struct build_layer *layer)
{
	const struct image_layer *l = image_layer(image, layer->number - 1);
	unsigned beyond = (unsigned)(l->unpacked % TAR_BLOCK);

	if (!image_layer_file(image, layer->number - 1) && !beyond) {
		/* The archive itself may be packed, which tar finds out where it can seek. */
		fputs("tar -xp " TAKE_ALL " --exclude='.wh.*' -C ROOT -f ", out);
		shell_word(out, layer->input);
		return;
	}
	if (beyond)
		fputs("{ ", out);
	put_blob(out, image, layer, unpacker(l));
	if (beyond)
		fprintf(out, "; head -c %u /dev/zero; }", 3 * TAR_BLOCK - beyond);
	fputs(" | tar -xp " TAKE_ALL " --exclude='.wh.*' -C ROOT", out);
}

static void put_sums(FILE *out, const struct image *image, const struct build_layer *layer)
{
	const struct image_layer *l = image_layer(image, layer->number - 1);
	const char *through = unpacker(l);

	if (l->digest) {
		put_blob(out, image, layer, NULL);
		fprintf(out, " | sha256sum\t# is %s\n", l->digest + strlen("sha256:"));
	}
	if (l->diff_id && (through || !l->digest)) {
		put_blob(out, image, layer, through);
		fprintf(out, " | sha256sum\t# is %s\n", l->diff_id + strlen("sha256:"));
	}
}

void explain_layer(FILE *out, const struct image *image, const struct build_layer *layer,
	const struct entry_list *entries)
{
	const char *file = image_layer_file(image, layer->number - 1);

	if (layer->number == 1)
		explain_image(out, image, layer->input);
	if (layer->number == 1)
		fputs("mkdir -p ROOT\n", out);
	put_sums(out, image, layer);
	put_whiteouts(out, entries);
	if (image_is_folder(image) && !file) {
		fputs("cp -a ", out);
		shell_word(out, layer->input);
		fputs("/. ROOT", out);
	} else {
		put_extraction(out, image, layer);
	}
	fprintf(out, "\t# %zu entries\n", entries->count);
}

/* --- changes ---------------------------------------------------------------------------------
 */

static void put_excludes(FILE *out, const struct adjust *a)
{
	for (size_t i = 0; i < a->exclude_count; i++) {
		const char *pattern = a->exclude[i];
		bool is_path = strchr(pattern, '/');

		fprintf(out, "find ROOT %s ", is_path ? "-path" : "-name");
		if (is_path)
			put_below_root(out, pattern, strlen(pattern), "");
		else
			shell_word(out, pattern);
		fputs(" -prune -exec rm -rf {} +\n", out);
	}
}

static void put_maps(FILE *out, const struct id_map *map, const char *of, const char *change)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct id_range *r = &map->ranges[i];

		if (r->count == 1)
			fprintf(out, "find ROOT -%s %u -exec %s %u {} +\n", of, r->inside,
				change, r->outside);
		else
			fprintf(out, "# %s: %u to %u become %u and so on, as with %s\n", of,
				r->inside, r->inside + (r->count - 1), r->outside, change);
	}
}

static void put_times(FILE *out, const struct adjust *a)
{
	if (a->times == ADJUST_TIMES_KEEP)
		return;
	fputs("find ROOT", out);
	if (a->times == ADJUST_TIMES_CLAMP)
		fprintf(out, " -newermt @%lld", (long long)a->time.tv_sec);
	fprintf(out, " -exec touch -h -d @%lld {} +\n", (long long)a->time.tv_sec);
}

static void put_words(FILE *out, const struct config_list *words)
{
	for (size_t i = 0; i < words->count; i++) {
		fputc(' ', out);
		shell_word(out, words->items[i]);
	}
}

static void put_install(FILE *out, const struct build_request *q, const struct build *b)
{
	const struct image_config *c = &b->config;

	fputs("install -D -m 755 ", out);
	shell_word(out, q->init ? q->init : "cinit");
	fputs(" ROOT/sbin/cinit\ncp -rn ", out);
	shell_word(out, q->skel ? q->skel : "rootfs-skel");
	fputs("/. ROOT\nmkdir -p ROOT/proc ROOT/sys ROOT/dev ROOT/run ROOT/tmp\n"
	      "cat > ROOT/etc/cinit/boot\t# the boot record:",
		out);
	put_words(out, &c->entrypoint);
	put_words(out, &c->cmd);
	if (!c->entrypoint.count && !c->cmd.count)
		fputs(" /bin/sh", out);
	fputs(", as ", out);
	shell_word(out, c->user && *c->user ? c->user : "root");
	fputs(" of ROOT/etc/passwd\n", out);
	if (q->initramfs)
		fputs("ln -s sbin/cinit ROOT/init\n", out);
}

void explain_changes(FILE *out, const struct build_request *q, const struct build *b)
{
	const struct adjust *a = &q->adjust;

	if (!q->plain)
		put_install(out, q, b);
	put_excludes(out, a);
	if (a->own)
		fprintf(out,
			"chown -hR %u:%u ROOT\t# and setuid bits and capabilities stay, which chown "
			"takes away\n",
			a->uid, a->gid);
	put_maps(out, &a->uids, "uid", "chown -h");
	put_maps(out, &a->gids, "gid", "chgrp -h");
	put_times(out, a);
}
