/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "builder/build.h"
#include "cbox/record.h"
#include "cbox/unpack.h"
#include "cbox/verbs.h"
#include "launch/caps.h"
#include "launch/launch.h"
#include "launch/plan.h"
#include "lib/auto.h"
#include "lib/beneath.h"

static const struct record_usual usual = { CAPS_USUAL, true };

struct run {
	const struct cbox_row *row;
	const struct opt_list *operands;
	int root;
	struct record record;
	struct plan plan;
};

/* What our caller left open is neither ours nor the container's (CVE-2024-21626). */
static int own_descriptors(struct err *e)
{
	int fd;

	if (close_range(3, ~0U, 0) < 0)
		return err_sys(e, "cannot close inherited descriptors");
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd < 3);
	if (fd < 0)
		return err_sys(e, "cannot open '/dev/null'");
	(void)close(fd);
	return 0;
}

static int check_usage(const struct run *r, struct err *e)
{
	if (!r->operands->count)
		return err_set(e, CBOX_USAGE, "no root to run; see 'cbox run --help'");
	if (r->row->read_only && r->row->writable)
		return err_set(
			e, CBOX_USAGE, "--read-only and --writable contradict each other");
	return 0;
}

/* A root whose owners are in attributes, which the kernel does not look at. */
static int open_rootless(struct run *r, const char *path, struct err *e)
{
	int copy;

	if (geteuid() != 0 || r->row->writable) {
		fprintf(stderr,
			"cbox: note: '%s' was made with --rootless: all files in it belong to "
			"%s here, and devices are empty files\n",
			path, geteuid() ? "root" : "one user");
		return 0;
	}
	fprintf(stderr,
		"cbox: note: '%s' was made with --rootless: it runs from a copy in memory, which "
		"has the image's owners\n",
		path);
	copy = unpack_image(path, true, e);
	if (copy < 0)
		return copy;
	auto_close_fd(&r->root);
	r->root = copy;
	return 0;
}

static int open_root(struct run *r, struct err *e)
{
	const char *path = r->operands->items[0];

	r->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->root < 0 && errno != ENOTDIR)
		return err_sys(e, "cannot open '%s'", path);
	if (r->root >= 0 && !unpack_is_layout(r->root))
		return unpack_is_rootless(r->root) ? open_rootless(r, path, e) : 0;
	if (r->row->writable)
		return err_set(e, CBOX_USAGE, "--writable: '%s' is an image, not a root", path);
	auto_close_fd(&r->root);
	r->root = unpack_image(path, false, e);
	return r->root < 0 ? r->root : 0;
}

static int make_record(struct run *r, const char *name, struct err *e)
{
	static const char *const no_words[] = { NULL };
	const char *const *words = r->operands->count > 1 ? r->operands->items + 1 : no_words;
	int code = record_load(&r->record, r->root, e);

	if (code < 0)
		return err_at(e, code, "'%s': ", r->operands->items[0]);
	if (!r->record.boot.hostname)
		r->record.boot.hostname = name;
	return record_change(&r->record, r->row, words, r->root, &usual, e);
}

/* The root's own process 1, or else the one that was built or installed with this program. */
static int find_init(struct run *r, struct err *e)
{
	auto_close int own = beneath_open(r->root, BOOT_INIT, O_PATH, 0);
	auto_free char *ours = NULL;
	int code;

	if (own >= 0)
		return 0;
	r->plan.init = r->row->init_path;
	if (r->plan.init)
		return 0;
	code = build_find_init(&ours, e);
	if (code < 0)
		return err_at(e, code, "'%s' has no '%s': ", r->operands->items[0], BOOT_INIT);
	r->plan.init = arena_strdup(&r->record.arena, ours);
	return 0;
}

/* What the launcher does itself is taken out of the record: process 1 may not any more. */
static int take_mounts(struct run *r, struct err *e)
{
	struct boot *b = &r->record.boot;
	int code = 0;

	for (size_t i = 0; i < b->mounts.count && code == 0; i++) {
		const struct boot_mount *m = &b->mounts.items[i];

		code = plan_add_mount(&r->plan, m->target, m->type ? m->type : "", m->options,
			&r->record.arena, e);
	}
	b->mounts.count = 0;
	for (size_t i = 0; i < r->row->tmpfs.count && code == 0; i++)
		code = plan_add_tmpfs(&r->plan, r->row->tmpfs.items[i], &r->record.arena, e);
	return code;
}

static int make_plan(struct run *r, const char *name, struct err *e)
{
	struct boot *b = &r->record.boot;
	struct plan *p = &r->plan;
	int code;

	plan_init(p, name, r->operands->items[0]);
	if (geteuid() != 0) {
		plan_use_user_namespace(p);
		b->groups.count = 0;
	}
	if (r->row->read_only || r->row->writable)
		p->root = r->row->writable ? PLAN_ROOT_WRITABLE : PLAN_ROOT_READ_ONLY;
	p->hostname = b->hostname;
	b->hostname = NULL;
	p->bounding = b->cap_bounding | CAPS_INIT;
	p->no_new_privs = b->no_new_privs;
	p->terminal = b->terminal;
	p->interactive = r->row->interactive;
	p->uid = b->uid;
	p->gid = b->gid;
	if (b->finish == BOOT_FINISH_POWEROFF || b->finish == BOOT_FINISH_REBOOT)
		b->finish = BOOT_FINISH_EXIT;
	code = plan_set_network(p, r->row->network ? r->row->network : "none", e);
	if (code == 0)
		code = take_mounts(r, e);
	if (code == 0)
		code = find_init(r, e);
	return code == 0 ? plan_check(p, e) : code;
}

static void print(FILE *out, const struct run *r)
{
	const struct boot *b = &r->record.boot;

	plan_print(out, &r->plan);
	fprintf(out, "exec %s --boot-fd=3\t# as uid %u, gid %u, in %s:",
		r->plan.init ? "/dev/cinit" : BOOT_INIT, b->uid, b->gid, b->cwd);
	for (size_t i = 0; i < b->argv.count; i++)
		fprintf(out, " %s", b->argv.items[i]);
	fputc('\n', out);
}

static int carry_out(struct run *r, struct err *e)
{
	auto_buf struct buf bytes = { 0 };
	bool grouped = false;
	int code = record_encode(&r->record, &bytes, e);

	if (code < 0)
		return code;
	if (r->row->dry_run) {
		print(stdout, r);
		return fflush(stdout) ? err_sys(e, "cannot write to standard output") : 0;
	}
	if (r->row->explain) {
		print(stderr, r);
		(void)fflush(stderr);
	}
	code = launch_run(&r->plan, r->root, &bytes, &grouped, e);
	if (r->row->explain && !grouped)
		fputs("# no cgroup could be made: it ran in that of cbox\n", stderr);
	return code;
}

static int run(struct run *r, struct err *e)
{
	const char *name = NULL;
	int code = check_usage(r, e);

	if (code == 0)
		code = own_descriptors(e);
	if (code == 0)
		code = open_root(r, e);
	if (code == 0)
		code = record_random_name(&r->record, &name, e);
	if (code == 0)
		code = make_record(r, name, e);
	if (code == 0)
		code = make_plan(r, name, e);
	return code == 0 ? carry_out(r, e) : code;
}

int cbox_run(const struct cbox_row *row, const struct opt_list *operands, struct err *e)
{
	struct run r = { .row = row, .operands = operands, .root = -1 };
	int code;

	record_init(&r.record);
	code = run(&r, e);
	record_release(&r.record);
	auto_close_fd(&r.root);
	return code;
}
