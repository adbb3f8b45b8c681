/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "builder/tell/explain.h"
#include "lib/shell.h"

#define TAR                                                                               \
	"tar -c --sort=name --format=posix --numeric-owner --xattrs --xattrs-include='*'" \
	" -C ROOT ."
#define CPIO "(cd ROOT && find . | LC_ALL=C sort | cpio -o -H newc)"

/* What makes the format of a finished ROOT; a % stands for the output. */
static const struct {
	const char *format, *command;
} commands[] = {
	{ "dir", "mv ROOT %" },
	{ "tar", TAR " > %" },
	{ "tar.gz", TAR " | gzip -n > %" },
	{ "tar.zst", TAR " | zstd > %" },
	{ "cpio", CPIO " > %" },
	{ "cpio.gz", CPIO " | gzip -n > %" },
	{ "cpio.zst", CPIO " | zstd > %" },
	{ "squashfs", TAR " | tar2sqfs --compressor zstd %" },
	{ "erofs", "mkfs.erofs % ROOT" },
	{ "bundle", "mkdir % && mv ROOT %/rootfs && runc spec --bundle %" },
};

/* The output under its name, or what a shell has for standard output. */
static void put_name(FILE *out, const char *path)
{
	shell_word(out, strcmp(path, "-") ? path : "/dev/stdout");
}

static void put_command(FILE *out, const char *command, const char *path)
{
	for (; *command; command++) {
		if (*command == '%')
			put_name(out, path);
		else
			fputc(*command, out);
	}
	fputc('\n', out);
}

static void put_ext4(FILE *out, const struct build *b, const char *path)
{
	fputs("mke2fs -t ext4 -d ROOT ", out);
	put_name(out, path);
	if (b->size)
		fprintf(out, " %" PRIu64 "k\n", b->size / 1024);
	else
		fprintf(out, " SIZE\t# as large as the tree, a tenth, and %" PRIu64 " bytes\n",
			b->spare);
}

static void put_image(
	FILE *out, const struct build *b, const struct output_format *format, const char *path)
{
	bool folder = format->kind == OUTPUT_DIR;
	const char *name = b->name ? b->name : image_name(b->images[0]);
	size_t made = b->kept.tree_count;

	fputs("mkdir -p LAYOUT/blobs/sha256\n", out);
	if (b->kept.count)
		fprintf(out,
			"cp LAYERS LAYOUT/blobs/sha256\t# %zu as they were read; %zu made of what "
			"was put in\n",
			b->kept.count - made, made);
	else
		fprintf(out, TAR "%s > LAYOUT/blobs/sha256/LAYER\t# the whole tree\n",
			format->filter ? " | gzip -n" : "");
	fputs("sha256sum LAYOUT/blobs/sha256/*\t# the config names layers by these, the manifest "
	      "the config, index.json the manifest\n",
		out);
	fprintf(out, "# it is called ");
	shell_word(out, name ? name : "latest");
	fprintf(out, folder ? "\nmv LAYOUT " : "\ntar -c -C LAYOUT . > ");
	put_name(out, path);
	fputc('\n', out);
}

static void put_rootless(FILE *out)
{
	fputs("# devices, FIFOs and sockets become empty files, with :TYPE:MAJOR:MINOR below\n"
	      "find ROOT ! -type l -exec setfattr -n user.cinit.stat -v UID:GID:MODE {} \\;\n"
	      "chown -hR $(id -u):$(id -g) ROOT && chmod -R u+rwX,go-w,a-st ROOT\n",
		out);
}

void explain_output(
	FILE *out, const struct build *b, const struct output_format *format, const char *path)
{
	if (b->rootless)
		put_rootless(out);
	if (output_is_image(format))
		put_image(out, b, format, path);
	else if (!strcmp(format->name, "ext4"))
		put_ext4(out, b, path);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].format, format->name))
			put_command(out, commands[i].command, path);
	if (strcmp(path, "-") != 0)
		fputs("sync\t# the output gets its name when all of it is on the disk\n", out);
}
