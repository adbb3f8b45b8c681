/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/build.h"
#include "cbox/facts.h"
#include "cbox/machine.h"
#include "cbox/medium.h"
#include "cbox/table.h"
#include "cbox/verbs.h"
#include "lib/auto.h"

enum { LIMIT_S = 5, WORDS_MAX = 32 };

struct compare {
	const struct cbox_row *row;
	const struct opt_list *operands;
	const char *root;   /* the directory that both run */
	struct medium from; /* the same as a machine takes it */
	struct record record;
	struct cbox_machine machine; /* for what it says of the accelerator */
	struct facts facts[TABLE_COLUMNS];
};

/*
 * An image becomes a directory in a file system of its own, in memory, which nobody else sees
 * and which goes when we do, however we end.
 */
static int unpack(struct compare *c, const char *image, struct err *e)
{
	static const char *const places[] = { "/mnt", "/media", "/srv", "/opt" };
	const struct build_request request = {
		.inputs = &image, .input_count = 1, .image.limits = LIMITS_DEFAULT
	};
	auto_close int fd = -1;
	struct build *b = NULL;
	int r = build_tree(&request, &b, e);

	for (size_t i = 0; i < ARRAY_LEN(places) && !c->root; i++)
		if (access(places[i], F_OK) == 0)
			c->root = places[i];
	if (r == 0 && !c->root)
		r = err_set(e, -ENOENT, "there is no '%s' to mount at", places[0]);
	if (r == 0 && (unshare(CLONE_NEWNS) < 0 ||
			      mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
			      mount("cbox", c->root, "tmpfs", MS_NODEV, "mode=0755") < 0))
		r = err_sys(e, "cannot mount a file system in memory");
	if (r == 0) {
		fd = open(c->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? err_sys(e, "cannot open '%s'", c->root)
			   : build_write(b, "dir", fd, e);
	}
	build_free(b);
	return r;
}

/* The one root, as a directory for the container and as a disk for the machine. */
static int prepare(struct compare *c, struct err *e)
{
	const char *path = c->operands->items[0];
	auto_free char *layout = xasprintf("%s/oci-layout", path);
	struct stat st;
	int r = 0;

	if (stat(path, &st) < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (S_ISDIR(st.st_mode) && access(layout, F_OK) < 0)
		c->root = path;
	else
		r = unpack(c, path, e);
	if (r == 0)
		r = medium_open(&c->from, c->root, &c->record, e);
	if (r == 0 && !c->record.found)
		r = err_set(e, -EINVAL,
			"'%s' has no boot record; type 'cbuild %s -o ROOTFS' and compare that",
			path, path);
	if (r == 0)
		r = cbox_machine_find(&c->machine, c->row, e);
	return r < 0 ? r : cbox_machine_root(&c->machine, &c->from, &c->record, e);
}

struct words {
	const char *items[WORDS_MAX + BOOT_STRINGS_MAX];
	size_t count;
};

static void put(struct words *w, const char *word)
{
	if (w->count + 1 < ARRAY_LEN(w->items))
		w->items[w->count++] = word;
}

/* `cbox VERB … ROOT --facts -- ARGV…`, with process 1's program as the payload's first life. */
static void put_payload(struct words *w, const struct compare *c, const char *root)
{
	const struct boot_list *argv = &c->record.boot.argv;

	put(w, "--entrypoint");
	put(w, BOOT_INIT);
	put(w, root);
	put(w, "--facts");
	put(w, "--");
	for (size_t i = 0; i < argv->count; i++)
		put(w, argv->items[i]);
	put(w, NULL);
}

static int measure(
	struct words *w, int64_t limit_s, struct facts *f, const char *what, struct err *e)
{
	int r = facts_measure(w->items, limit_s * 1000, f, e);

	if (r < 0)
		return r;
	if (f->complete)
		return 0;
	return err_set(e, -EIO, "the %s ended with status %d: %.*s", what, f->status,
		(int)(f->output.size < 1024 ? f->output.size : 1024),
		f->output.bytes ? f->output.bytes : "no output");
}

static int run_container(struct compare *c, int64_t limit_s, struct err *e)
{
	struct words *w = arena_alloc(&c->record.arena, sizeof(*w));

	put(w, "/proc/self/exe");
	put(w, "run");
	put_payload(w, c, c->root);
	return measure(w, limit_s, &c->facts[TABLE_CONTAINER], "container", e);
}

static void put_option(struct words *w, const char *name, const char *value)
{
	if (!value)
		return;
	put(w, name);
	put(w, value);
}

static int run_machine(struct compare *c, int64_t limit_s, struct err *e)
{
	struct arena *a = &c->record.arena;
	struct words *w = arena_alloc(a, sizeof(*w));
	const struct cbox_row *row = c->row;

	put(w, "/proc/self/exe");
	put(w, "boot");
	put_option(w, "--accel", c->machine.plan.accelerator);
	put_option(w, "--kernel", c->machine.kernel.path);
	put_option(w, "--machine", row->machine);
	put_option(w, "--append", row->append);
	if (row->memory > 0)
		put_option(w, "--memory", arena_printf(a, "%lld", row->memory));
	if (row->cpus > 0)
		put_option(w, "--cpus", arena_printf(a, "%lld", row->cpus));
	put_payload(w, c,
		arena_printf(a, "/proc/%d/fd/%d", (int)getpid(),
			c->from.disk < 0 ? c->from.initrd : c->from.disk));
	return measure(w, limit_s, &c->facts[TABLE_MACHINE], "machine", e);
}

static int compare(struct compare *c, struct err *e)
{
	const struct record_usual usual = { .caps = BOOT_CAPS_KEEP };
	int64_t limit = c->row->time_limit >= 0 ? c->row->time_limit : LIMIT_S;
	struct table table;
	int r = prepare(c, e);

	if (r == 0)
		r = record_change(
			&c->record, c->row, c->operands->items + 1, c->from.dir, &usual, e);
	if (r == 0)
		r = cbox_machine_plan(&c->machine, c->row, &c->from, e);
	if (r == 0)
		r = run_container(c, limit, e);
	if (r == 0)
		r = run_machine(c, limit, e);
	if (r < 0)
		return r;
	table = (struct table){ c->operands->items[0], c->record.boot.argv.items,
		c->machine.plan.accelerator, { &c->facts[0], &c->facts[1] } };
	return (c->row->json ? table_json : table_print)(&table, stdout, e);
}

int cbox_compare(const struct cbox_row *row, const struct opt_list *operands, struct err *e)
{
	struct compare *c;
	int r;

	if (!operands->count)
		return err_set(e, CBOX_USAGE, "nothing to compare; see 'cbox compare --help'");
	c = xcalloc(1, sizeof(*c));
	c->row = row;
	c->operands = operands;
	medium_init(&c->from);
	record_init(&c->record);
	cbox_machine_init(&c->machine);
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		facts_init(&c->facts[i]);
	r = compare(c, e);
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		facts_release(&c->facts[i]);
	cbox_machine_release(&c->machine);
	record_release(&c->record);
	medium_release(&c->from);
	free(c);
	return r;
}
