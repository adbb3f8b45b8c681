/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/drivers.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"
#include "lib/mem.h"

enum { ORDER_MAX = 1024 * 1024, DRIVER_MAX = 64 * 1024 * 1024, LINES_MAX = 4096 };

/* The lines of the file "order": "NAME NEEDED…", what is needed before what needs it. */
struct order {
	struct buf text;
	struct {
		char *name, *needs;
		bool chosen;
	} lines[LINES_MAX];
	size_t count;
};

static int read_order(struct order *o, int folder, struct err *e)
{
	int r = io_load(folder, "order", &o->text, ORDER_MAX, e);
	char *rest = o->text.bytes, *line;

	if (r < 0)
		return r;
	while (o->count < LINES_MAX && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		o->lines[o->count].name = strsep(&line, " ");
		o->lines[o->count++].needs = line;
	}
	return 0;
}

static bool choose(struct order *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->lines[i].name, name) != 0)
			continue;
		o->lines[i].chosen = true;
		return true;
	}
	return false;
}

/* From the end: what a module needs stands in front of it. */
static void choose_needed(struct order *o)
{
	for (size_t i = o->count; i-- > 0;) {
		char *needs = o->lines[i].needs, *name;

		while (o->lines[i].chosen && (name = strsep(&needs, " ")))
			(void)choose(o, name);
	}
}

static int load(const struct order *o, int folder, struct modules *out, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->count; i++) {
		auto_free char *file = xasprintf("%s.ko", o->lines[i].name);
		auto_buf struct buf bytes = { 0 };

		if (!o->lines[i].chosen)
			continue;
		r = io_load(folder, file, &bytes, DRIVER_MAX, e);
		if (r == 0)
			r = modules_add(out, file, &bytes, e);
	}
	return r;
}

int drivers_load(
	const char *folder, const char *const *wanted, struct modules *out, struct err *e)
{
	auto_close int fd = folder ? open(folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -1;
	struct order *o;
	int r;

	if (!folder)
		return 0;
	if (fd < 0)
		return err_sys(e, "cannot open the kernel's modules '%s'", folder);
	o = xcalloc(1, sizeof(*o));
	r = read_order(o, fd, e) < 0 ? -EIO : 1;
	for (; r > 0 && *wanted; wanted++)
		r = choose(o, *wanted);
	if (r > 0) {
		choose_needed(o);
		r = load(o, fd, out, e) < 0 ? -EIO : 1;
	}
	buf_release(&o->text);
	free(o);
	return r < 0 ? err_at(e, r, "the kernel's modules '%s': ", folder) : r;
}
