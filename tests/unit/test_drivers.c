/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/drivers.h"

#include "tests/unit/trees.h"

/* A folder as qemu/fetch.c leaves it; the modules are as little ELF as modules_add asks for. */
static int make_folder(char path[64], const char *order)
{
	static const char *const names[] = { "ring.ko", "virtio.ko", "blk.ko", "crc.ko",
		"erofs.ko" };
	static const char elf[64] = "\177ELF\2\1\1";
	int dir = scratch(path);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_close int fd = openat(dir, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		check_int(write(fd, elf, sizeof(elf)), sizeof(elf));
	}
	if (order) {
		auto_close int fd = openat(dir, "order", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		check_int(write(fd, order, strlen(order)), (ssize_t)strlen(order));
	}
	return dir;
}

static const char order[] = "ring\nvirtio ring\nnet virtio\nblk virtio ring\ncrc\nerofs crc\n";

static int load(const char *path, const char *const *wanted, struct modules *m, struct err *e)
{
	modules_init(m);
	*e = (struct err){ 0 };
	return drivers_load(path, wanted, m, e);
}

static void what_is_wanted_comes_with_what_it_needs_in_order(void)
{
	static const char *const wanted[] = { "erofs", "blk", NULL };
	static const char *const want[] = { "ring", "virtio", "blk", "crc", "erofs" };
	char path[64];
	auto_close int dir = make_folder(path, order);
	struct modules m;
	struct err e;

	check(dir >= 0);
	check_int(load(path, wanted, &m, &e), 1);
	check_text(e.text, "");
	check_int(m.count, ARRAY_LEN(want));
	for (size_t i = 0; i < m.count && i < ARRAY_LEN(want); i++)
		check_text(m.items[i].name, want[i]);
	modules_release(&m);
	clean(path);
}

static void without_all_that_is_wanted_there_are_none(void)
{
	static const char *const wanted[] = { "blk", "overlay", NULL };
	char path[64];
	auto_close int dir = make_folder(path, order);
	struct modules m;
	struct err e;

	check(dir >= 0);
	check_int(load(path, wanted, &m, &e), 0);
	check_int(m.count, 0);
	check_int(load(NULL, wanted, &m, &e), 0);
	clean(path);
}

static void a_folder_without_what_it_names_is_an_error(void)
{
	static const char *const wanted[] = { "net", NULL };
	char path[64];
	auto_close int dir = make_folder(path, order);
	struct modules m;
	struct err e;

	check(load(path, wanted, &m, &e) < 0);
	check(strstr(e.text, "the kernel's modules '") == e.text);
	check(strstr(e.text, "'net.ko'") != NULL);
	modules_release(&m);
	check_int(unlinkat(dir, "order", 0), 0);
	check(load(path, wanted, &m, &e) < 0);
	modules_release(&m);
	clean(path);
}

int main(void)
{
	RUN(what_is_wanted_comes_with_what_it_needs_in_order);
	RUN(without_all_that_is_wanted_there_are_none);
	RUN(a_folder_without_what_it_names_is_an_error);
	return tap_done();
}
