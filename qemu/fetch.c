/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/fetch.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/extract.h"
#include "lib/io.h"
#include "lib/mem.h"
#include "lib/remove.h"
#include "lib/spawn.h"
#include "qemu/modules.h"
#include "qemu/vmlinux.h"

#define META "linux-image-cloud-amd64"
#define TEMP ".fetch" /* under the cache's lock there is one of them */

enum { FILE_MAX = 256 * 1024 * 1024 };

struct package {
	char *release; /* 6.1.0-56-cloud-amd64 */
	struct buf vmlinuz;
	struct modules modules;
};

static void package_release(struct package *p)
{
	free(p->release);
	buf_release(&p->vmlinuz);
	modules_release(&p->modules);
}

static int take_file(
	struct extract *u, const char *path, uint64_t size, void *context, struct err *e)
{
	static const char boot[] = "boot/vmlinuz-";
	struct package *p = context;
	auto_buf struct buf file = { 0 };
	int r;

	(void)size;
	if (!strncmp(path, boot, strlen(boot))) {
		free(p->release);
		p->release = xstrdup(path + strlen(boot));
		return extract_file(u, FILE_MAX, &p->vmlinuz, e);
	}
	if (!modules_is(path))
		return 0;
	r = extract_file(u, FILE_MAX, &file, e);
	return r < 0 ? r : modules_add(&p->modules, path, &file, e);
}

/* dpkg-deb knows which of its formats a package has; what it writes is a plain tar. */
static int read_package(int dir, const char *name, struct package *p, struct err *e)
{
	const char *const argv[] = { "dpkg-deb", "--fsys-tarfile", name, NULL };
	auto_close int reads = -1, writes = -1;
	int pipes[2], r, waited;
	struct err late;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	reads = pipes[0];
	writes = pipes[1];
	r = spawn_start(
		&(struct spawn){
			.argv = argv, .dir = dir, .in = -1, .out = writes, .error = -1 },
		&pid, e);
	if (r < 0)
		return r;
	auto_close_fd(&writes);
	r = extract_each(reads, take_file, p, e);
	auto_close_fd(&reads);
	waited = spawn_wait(pid, argv[0], r < 0 ? &late : e);
	if (r < 0 || waited < 0)
		return err_at(e, r < 0 ? r : waited, "package '%s': ", name);
	if (!p->release || strchr(p->release, '/'))
		return err_set(e, -EINVAL, "package '%s' holds no kernel", name);
	return 0;
}

static int make_dir(int parent, const char *name, int *out, struct err *e)
{
	if (mkdirat(parent, name, 0755) < 0)
		return err_sys(e, "cannot make '%s' in the cache", name);
	*out = openat(parent, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	return *out < 0 ? err_sys(e, "cannot open '%s' in the cache", name) : 0;
}

static int put_modules(int dir, const struct modules *m, struct err *e)
{
	auto_close int folder = -1;
	auto_buf struct buf order = { 0 };
	int r = make_dir(dir, "modules", &folder, e);

	for (size_t i = 0; r == 0 && i < m->count; i++) {
		const struct module *item = &m->items[i];
		auto_free char *name = xasprintf("%s.ko", item->name);

		r = cache_put(folder, name, item->file.bytes, item->file.size, e);
		buf_printf(&order, "%s%s", item->name, item->depends[0] ? " " : "");
		for (const char *c = item->depends; *c; c++)
			buf_putc(&order, *c == ',' ? ' ' : *c);
		buf_putc(&order, '\n');
	}
	if (r < 0)
		return r;
	return cache_put(folder, "order", order.bytes ? order.bytes : "", order.size, e);
}

static int put_package(int dir, struct package *p, struct err *e)
{
	auto_buf struct buf vmlinux = { 0 };
	int r = cache_put(dir, "vmlinuz", p->vmlinuz.bytes, p->vmlinuz.size, e);

	if (r < 0)
		return r;
	r = vmlinux_extract(p->vmlinuz.bytes, p->vmlinuz.size, &vmlinux, e);
	if (r == 0)
		r = cache_put(dir, "vmlinux", vmlinux.bytes, vmlinux.size, e);
	if (r < 0 && r != -ENOEXEC)
		return r;
	modules_keep(&p->modules, modules_of_machines);
	return put_modules(dir, &p->modules, e);
}

int fetch_unpack(const struct cache *c, int dir, const char *package, struct err *e)
{
	struct package p = { 0 };
	auto_close int folder = -1;
	auto_free char *name = NULL;
	int r = read_package(dir, package, &p, e);

	if (r == 0)
		r = make_dir(dir, "unpacked", &folder, e);
	if (r == 0)
		r = put_package(folder, &p, e);
	if (r == 0) {
		name = xasprintf("kernel-%s", p.release);
		if (renameat(dir, "unpacked", c->dir, name) < 0 && errno != EEXIST &&
			errno != ENOTEMPTY)
			r = err_sys(e, "cannot rename to '%s/%s'", c->path, name);
	}
	package_release(&p);
	return r;
}

/* The package that the meta package stands for now: its one "Depends:" on a linux-image. */
static int find_package(char **name, struct err *e)
{
	static const char *const argv[] = { "apt-cache", "depends", META, NULL };
	static const char key[] = "Depends: linux-image-";
	auto_buf struct buf out = { 0 };
	const char *at;
	int r = spawn_capture(argv, &out, e);

	if (r < 0)
		return r;
	at = out.bytes ? strstr(out.bytes, key) : NULL;
	if (!at)
		return err_set(
			e, -ENOENT, "apt knows no package '" META "'; type: apt-get update");
	at += strlen("Depends: ");
	*name = xstrndup(at, strcspn(at, " \n"));
	return 0;
}

static int download(int dir, const char *package, struct err *e)
{
	/* apt's own user may not write here, so it does not change to it; it would warn. */
	const char *const argv[] = { "apt-get", "-qq", "-o", "APT::Sandbox::User=root",
		"download", package, NULL };
	const struct spawn s = { .argv = argv, .dir = dir, .in = -1, .out = -1, .error = -1 };
	pid_t pid;
	int r = spawn_start(&s, &pid, e);

	if (r == 0)
		r = spawn_wait(pid, argv[0], e);
	if (r < 0)
		return err_at(e, r, "cannot fetch '%s': ", package);
	return 0;
}

/* The name of the one package in the folder. */
static char *downloaded(int dir)
{
	int fd = openat(dir, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	auto_closed DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;

	while (list && (item = readdir(list))) {
		size_t n = strlen(item->d_name);

		if (n > 4 && !strcmp(item->d_name + n - 4, ".deb"))
			return xstrdup(item->d_name);
	}
	return NULL;
}

static int fetch_into(const struct cache *c, int dir, kernel_note *note, struct err *e)
{
	auto_free char *package = NULL, *file = NULL, *text = NULL;
	int r = find_package(&package, e);

	if (r < 0)
		return r;
	text = xasprintf("fetching Debian's kernel package '%s' into '%s'", package, c->path);
	if (note)
		note(text);
	r = download(dir, package, e);
	if (r < 0)
		return r;
	file = downloaded(dir);
	if (!file)
		return err_set(e, -ENOENT, "apt-get left no package '%s'", package);
	return fetch_unpack(c, dir, file, e);
}

int fetch_kernel(const struct cache *c, kernel_note *note, struct err *e)
{
	auto_close int dir = -1;
	int r = remove_below(c->dir, TEMP), removed;

	if (r < 0)
		return err_code(e, r, "cannot remove '%s/" TEMP "'", c->path);
	r = make_dir(c->dir, TEMP, &dir, e);
	if (r == 0)
		r = fetch_into(c, dir, note, e);
	removed = remove_below(c->dir, TEMP);
	if (r == 0 && removed < 0)
		return err_code(e, removed, "cannot remove '%s/" TEMP "'", c->path);
	return r;
}
