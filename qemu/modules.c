/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/modules.h"

#include <string.h>

#include "lib/auto.h"
#include "lib/extract.h"
#include "lib/mem.h"
#include "qemu/elf.h"

enum { MODULE_MAX = 64 * 1024 * 1024 };

const char *const modules_of_machines[] = { "virtio_pci", "virtio_mmio", "virtio_blk", "ext4",
	"erofs", "squashfs", "overlay", "virtio_net", "virtio_console", "virtio_rng",
	"virtio_balloon", "fuse", "virtiofs", "9p", "9pnet_virtio", "button", "evdev", NULL };

void modules_init(struct modules *m)
{
	*m = (struct modules){ 0 };
}

static void module_release(struct module *m)
{
	free(m->name);
	free(m->depends);
	buf_release(&m->file);
}

void modules_release(struct modules *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++)
		module_release(&m->items[i]);
	free(m->items);
	modules_init(m);
}

int modules_is(const char *path)
{
	const char *end = strstr(path, ".ko");

	return end && (!strcmp(end, ".ko") || !strcmp(end, ".ko.xz") ||
			      !strcmp(end, ".ko.zst") || !strcmp(end, ".ko.gz"));
}

/* virtio-rng.ko is the module virtio_rng. */
static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char *name = xstrndup(base, strcspn(base, "."));

	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

/* The value of a key in .modinfo, which is texts "key=value", each ended by NUL. */
static char *modinfo(const struct buf *file, const char *key)
{
	size_t length = 0, key_length = strlen(key);
	const char *at = elf_section(file->bytes, file->size, ".modinfo", &length);
	const char *end = at ? at + length : NULL;

	while (at < end) {
		size_t n = strnlen(at, (size_t)(end - at));

		if (n > key_length && !memcmp(at, key, key_length) && at[key_length] == '=')
			return xstrndup(at + key_length + 1, n - key_length - 1);
		at += n + 1;
	}
	return xstrdup("");
}

int modules_add(struct modules *m, const char *path, struct buf *file, struct err *e)
{
	struct module new = { .name = name_of(path) };
	int r = 0;

	if (elf_is(file->bytes, file->size)) {
		new.file = *file;
		buf_init(file);
	} else {
		r = extract_bytes(file->bytes, file->size, MODULE_MAX, &new.file, e);
	}
	if (r == 0 && !elf_is(new.file.bytes, new.file.size))
		r = err_set(e, -ENOEXEC, "not a kernel module");
	if (r < 0) {
		module_release(&new);
		return err_at(e, r, "'%s': ", path);
	}
	new.depends = modinfo(&new.file, "depends");
	m->items = xgrow(m->items, &m->capacity, m->count + 1, sizeof(*m->items));
	m->items[m->count++] = new;
	return 0;
}

static struct module *find(struct modules *m, const char *name, size_t length)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].name && strlen(m->items[i].name) == length &&
			!memcmp(m->items[i].name, name, length))
			return &m->items[i];
	return NULL;
}

/* Moves a module, behind what it needs, to the end of *to. */
static void move(struct modules *from, struct modules *to, const char *name, size_t length)
{
	struct module *found = find(from, name, length);
	struct module m;

	if (!found)
		return;
	m = *found;
	*found = (struct module){ 0 };
	for (const char *at = m.depends; *at;) {
		size_t n = strcspn(at, ",");

		move(from, to, at, n);
		at += n + (at[n] == ',');
	}
	to->items = xgrow(to->items, &to->capacity, to->count + 1, sizeof(*to->items));
	to->items[to->count++] = m;
}

void modules_keep(struct modules *m, const char *const *wanted)
{
	struct modules kept;

	modules_init(&kept);
	for (; *wanted; wanted++)
		move(m, &kept, *wanted, strlen(*wanted));
	modules_release(m);
	*m = kept;
}
