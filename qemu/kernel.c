/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/kernel.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"
#include "lib/sha256.h"
#include "qemu/cache.h"
#include "qemu/elf.h"
#include "qemu/fetch.h"
#include "qemu/vmlinux.h"

enum { KERNEL_MAX = 512 * 1024 * 1024 };

void kernel_release(struct kernel *k)
{
	if (!k)
		return;
	auto_free_memory(&k->path);
	auto_free_memory(&k->source);
	auto_free_memory(&k->modules);
}

/* The name of the ELF kernel that a bzImage holds, by content. */
static char *name_by_content(const struct buf *image)
{
	auto_sha256 struct sha256 sum;
	char digest[DIGEST_SIZE];

	sha256_init(&sum);
	sha256_put(&sum, image->bytes, image->size);
	sha256_digest(&sum, digest);
	return xasprintf("vmlinux-%.32s", strchr(digest, ':') + 1);
}

/* Makes sure that the cache has the ELF kernel of the image under that name. */
static int extract(
	const struct cache *c, const struct buf *image, const char *name, struct err *e)
{
	auto_buf struct buf vmlinux = { 0 };
	int r;

	if (faccessat(c->dir, name, R_OK, 0) == 0)
		return 0;
	r = vmlinux_extract(image->bytes, image->size, &vmlinux, e);
	return r < 0 ? r : cache_put(c->dir, name, vmlinux.bytes, vmlinux.size, e);
}

/* As fetch.h lays them out. */
static char *modules_beside(const char *file)
{
	const char *slash = strrchr(file, '/');
	auto_free char *folder = xasprintf(
		"%.*smodules", (int)(slash ? slash + 1 - file : 0), file);
	auto_free char *order = xasprintf("%s/order", folder);

	return access(order, R_OK) == 0 ? take_memory(&folder) : NULL;
}

/* A kernel file of any kind. Where no ELF kernel can be had of it, it is left to QEMU. */
static int use_file(const struct cache *c, const char *file, struct kernel *out, struct err *e)
{
	auto_buf struct buf image = { 0 };
	auto_free char *name = NULL;
	int r = io_load(AT_FDCWD, file, &image, KERNEL_MAX, e);

	if (r < 0)
		return err_at(e, r, "kernel: ");
	if (!elf_is(image.bytes, image.size) && !vmlinux_is_bzimage(image.bytes, image.size))
		return err_set(e, -ENOEXEC,
			"'%s' is not a kernel for x86_64 (a bzImage or an ELF file)", file);
	*out = (struct kernel){ .source = xstrdup(file), .modules = modules_beside(file) };
	out->pvh = elf_boots_by_pvh(image.bytes, image.size);
	if (!out->pvh && c) {
		name = name_by_content(&image);
		out->pvh = extract(c, &image, name, e) == 0;
	}
	out->path = out->pvh && name ? xasprintf("%s/%s", c->path, name) : xstrdup(file);
	return 0;
}

/* The greatest name that begins with prefix, by version; NULL where there is none. */
static char *newest(int dir, const char *prefix)
{
	int fd = openat(dir, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	auto_closed DIR *list = fd < 0 ? NULL : fdopendir(fd);
	auto_free char *best = NULL;
	struct dirent *item;

	while (list && (item = readdir(list))) {
		if (strncmp(item->d_name, prefix, strlen(prefix)) != 0)
			continue;
		if (best && strverscmp(item->d_name, best) < 0)
			continue;
		free(best);
		best = xstrdup(item->d_name);
	}
	return take_memory(&best);
}

/* Returns 1 when the cache holds a kernel. */
static int use_cached(const struct cache *c, struct kernel *out)
{
	auto_free char *name = newest(c->dir, "kernel-"), *elf = NULL;

	if (!name)
		return 0;
	elf = xasprintf("%s/%s/vmlinux", c->path, name);
	*out = (struct kernel){
		.pvh = access(elf, R_OK) == 0,
		.source = xasprintf("%s/%s", c->path, name),
		.modules = xasprintf("%s/%s/modules", c->path, name),
	};
	out->path = out->pvh ? take_memory(&elf) : xasprintf("%s/%s/vmlinuz", c->path, name);
	return 1;
}

/* Returns 1 when the host has a kernel that we may read. */
static int use_host(const struct cache *c, struct kernel *out, struct err *e)
{
	auto_close int boot = open("/boot", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	auto_free char *name = boot < 0 ? NULL : newest(boot, "vmlinuz-"), *path = NULL;

	if (!name)
		return 0;
	path = xasprintf("/boot/%s", name);
	return use_file(c, path, out, e) < 0 ? 0 : 1;
}

static int fetch(const struct cache *c, kernel_note *note, struct kernel *out, struct err *e)
{
	auto_close int lock = -1;
	int r = cache_lock(c, &lock, e);

	/* Another may have fetched it while we waited. */
	if (r < 0 || use_cached(c, out))
		return r;
	r = fetch_kernel(c, note, e);
	if (r == 0 && !use_cached(c, out))
		r = err_set(e, -ENOENT, "the kernel just fetched is gone");
	return r;
}

int kernel_find(const char *file, kernel_note *note, struct kernel *out, struct err *e)
{
	auto_cache struct cache c = { .dir = -1 };
	struct err ignored;
	int r = cache_open(&c, e);

	if (file)
		return use_file(r < 0 ? NULL : &c, file, out, e);
	if (r < 0)
		return r;
	if (use_cached(&c, out))
		return 0;
	r = fetch(&c, note, out, e);
	if (r == 0 || use_host(&c, out, &ignored))
		return 0;
	err_at(e, r, "no kernel: ");
	return err_hint(e, r, "name one with --kernel FILE, or as root: apt-get update");
}
