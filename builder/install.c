/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/install.h"

#include <elf.h>
#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/merge/adapt.h"
#include "lib/auto.h"
#include "lib/io.h"

enum { INIT_MAX = 16 * 1024 * 1024 };

/* Which machine's code a program is, as images call it (OCI image-spec, config.md, GOARCH). */
static const char *architecture_of(const struct buf *program)
{
	static const struct {
		unsigned machine, class;
		const char *name;
	} machines[] = {
		{ EM_X86_64, ELFCLASS64, "amd64" },
		{ EM_386, ELFCLASS32, "386" },
		{ EM_AARCH64, ELFCLASS64, "arm64" },
		{ EM_ARM, ELFCLASS32, "arm" },
		{ EM_RISCV, ELFCLASS64, "riscv64" },
		{ EM_S390, ELFCLASS64, "s390x" },
		{ EM_PPC64, ELFCLASS64, "ppc64le" },
	};
	const unsigned char *bytes = (const unsigned char *)program->bytes;
	unsigned machine;

	if (program->size < sizeof(Elf64_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return NULL;
	machine = bytes[EI_DATA] == ELFDATA2LSB ? bytes[18] | (unsigned)bytes[19] << 8
						: bytes[19] | (unsigned)bytes[18] << 8;
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (machines[i].machine == machine && machines[i].class == bytes[EI_CLASS])
			return machines[i].name;
	return "a machine that is not known here";
}

static int check_program(
	const char *path, const struct buf *program, const char *wanted, struct err *e)
{
	const char *is = architecture_of(program);

	if (!is)
		return err_set(e, -ENOEXEC, "'%s' is not a program", path);
	if (wanted && strcmp(wanted, is) != 0)
		return err_set(e, -ENOEXEC,
			"the image is for %s and '%s' for %s; give the cinit of that machine "
			"with --init, or leave it out with --no-init",
			wanted, path, is);
	return 0;
}

static int put_init(
	const struct build_request *q, struct build *b, const struct adapt *a, struct err *e)
{
	auto_free char *found = NULL;
	auto_buf struct buf program = { 0 };
	const char *path = q->init;
	int r = 0;

	if (!path) {
		r = build_find_init(&found, e);
		path = found;
	}
	if (r == 0)
		r = io_load(AT_FDCWD, path, &program, INIT_MAX, e);
	if (r == 0)
		r = check_program(path, &program, b->config.architecture, e);
	return r == 0 ? adapt_init(a, program.bytes, program.size, e) : r;
}

static int put_skel(const struct build_request *q, const struct adapt *a, struct err *e)
{
	auto_free char *found = NULL;
	auto_close int dir = -1;
	const char *path = q->skel;

	if (!path) {
		int r = build_find_skel(&found, e);

		if (r < 0)
			return r;
		path = found;
	}
	dir = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "cannot open the skeleton '%s'", path);
	return adapt_skeleton(a, dir, e);
}

/* What a kernel starts when its command line names nothing: Linux, init/main.c. */
static void link_init(const struct build_request *q, struct build *b)
{
	struct node *root = tree_root(b->tree);
	struct inode *link;

	if (tree_child(b->tree, root, "init", 4)) {
		buf_puts(&b->notes,
			"the image has an /init of its own: boot the initramfs with "
			"'rdinit=/sbin/cinit' on the kernel's command line\n");
		return;
	}
	link = tree_inode(b->tree, INODE_SYMLINK);
	link->mode = 0777;
	link->target = "sbin/cinit";
	link->mtime.tv_sec = q->epoch;
	tree_link(b->tree, root, "init", 4, link);
}

int install(const struct build_request *request, struct build *b, struct err *e)
{
	const struct adapt a = { b->tree, request->epoch };
	int r = put_init(request, b, &a, e);

	if (r == 0)
		r = put_skel(request, &a, e);
	if (r == 0)
		r = adapt_mount_points(&a, e);
	if (r == 0)
		r = adapt_boot_record(&a, &b->config, e);
	if (r == 0 && request->initramfs)
		link_init(request, b);
	return r;
}

/* --- finding ---------------------------------------------------------------------------------
 */

/* The first that exists, relative to the folder of the running program. */
static int find_beside(
	const char *const *names, size_t count, const char *what, char **path, struct err *e)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return err_sys(e, "cannot read '/proc/self/exe'");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < count; i++) {
		auto_free char *try = xasprintf("%s/%s", self, names[i]);

		if (access(try, R_OK) == 0) {
			*path = take_memory(&try);
			return 0;
		}
	}
	return err_set(e, -ENOENT, "cannot find %s beside '%s'; is the installation complete?",
		what, self);
}

int build_find_init(char **path, struct err *e)
{
	static const char *const names[] = { "cinit", "../lib/cinit/cinit" };

	return find_beside(names, ARRAY_LEN(names), "cinit", path, e);
}

int build_find_skel(char **path, struct err *e)
{
	static const char *const names[] = { "../../rootfs-skel",
		"../share/cinit/rootfs-skel" };

	return find_beside(names, ARRAY_LEN(names), "the skeleton of a root", path, e);
}
