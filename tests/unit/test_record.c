/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/caps.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "tests/unit/tap.h"

static const struct record_usual container = { CAPS_USUAL, true };
static const struct record_usual machine = { BOOT_CAPS_KEEP, false };
static const char *const nothing[] = { NULL };

/* A record as cbuild makes it of redis' config, in the decoder's form. */
struct bytes {
	const char *text;
	size_t size;
};

static const char redis[] = BOOT_MAGIC
	"argv=entry.sh\0\nargv=redis-server\0\nentrypoint=1\0\n"
	"env=PATH=/bin\0\nenv=HOME=/data\0\ncwd=/\0\nuid=101\0\ngid=102\0\n"
	"group=110\0\nend=\0\n";

/* The record `bytes` (or none), changed by the words of a command line. 0 or the error. */
static int change(struct record *r, const struct bytes *bytes, const char *const *options,
	const char *const *command, const struct record_usual *usual, struct err *e)
{
	const struct opts_verb *run = opts_find_verb(cbox_options(), "run");
	struct opt_list operands = { 0 };
	struct cbox_row row = { 0 };
	char *argv[32];
	int argc = 0, code;

	record_init(r);
	if (bytes) {
		struct boot_error why;

		buf_put(&r->bytes, bytes->text, bytes->size);
		check_int(boot_decode(&r->boot, r->bytes.bytes, bytes->size, &why), 0);
		r->found = true;
	}
	while (options[argc]) {
		argv[argc] = arena_strdup(&r->arena, options[argc]);
		argc++;
	}
	argv[argc] = NULL;
	code = opts_parse(cbox_options(), run, argv, &row, &operands, e);
	check_int(code, 0);
	if (code == 0)
		code = record_change(r, &row, command, -1, usual, e);
	opts_release(cbox_options(), &row);
	opt_list_release(&operands);
	return code;
}

#define CHANGE(r, command, usual, e, ...)                      \
	change(r, &(struct bytes){ redis, sizeof(redis) - 1 }, \
		(const char *const[]){ __VA_ARGS__, NULL }, command, usual, e)

static const char *joined(const struct boot_list *list)
{
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < list->count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			i ? " " : "", list->items[i]);
	return text;
}

static void a_command_replaces_the_image_s_and_keeps_its_entrypoint(void)
{
	static const char *const words[] = { "redis-cli", "ping", NULL };
	struct record r;
	struct err e;

	check_int(CHANGE(&r, words, &container, &e, "-i"), 0);
	check_text(joined(&r.boot.argv), "entry.sh redis-cli ping");
	check_int(r.boot.entrypoint, 1);
	record_release(&r);
	check_int(CHANGE(&r, nothing, &container, &e, "-i"), 0);
	check_text(joined(&r.boot.argv), "entry.sh redis-server");
	record_release(&r);
}

static void another_entrypoint_drops_the_image_s_command(void)
{
	static const char *const words[] = { "x", NULL };
	struct record r;
	struct err e;

	check_int(CHANGE(&r, nothing, &container, &e, "--entrypoint", "/bin/sh"), 0);
	check_text(joined(&r.boot.argv), "/bin/sh");
	record_release(&r);
	check_int(CHANGE(&r, words, &container, &e, "--entrypoint", "/bin/sh"), 0);
	check_text(joined(&r.boot.argv), "/bin/sh x");
	record_release(&r);
}

static void a_root_without_a_record_needs_a_command(void)
{
	static const char *const words[] = { "true", NULL }, *const none[] = { NULL };
	struct record r;
	struct err e;

	check_int(change(&r, NULL, none, none, &container, &e), -EINVAL);
	check_text(e.text, "the root says no command to run; give one behind it");
	record_release(&r);
	check_int(change(&r, NULL, none, words, &container, &e), 0);
	check_text(joined(&r.boot.argv), "true");
	check_text(joined(&r.boot.env),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/");
	check_int(r.boot.no_stdin, 1);
	record_release(&r);
}

static void variables_are_replaced_added_and_passed_on(void)
{
	struct record r;
	struct err e;

	(void)setenv("CBOX_TEST_OURS", "ours", 1);
	(void)unsetenv("CBOX_TEST_NONE");
	check_int(
		CHANGE(&r, nothing, &container, &e, "-e", "A=1", "-e", "PATH=/sbin", "-e",
			"A=2", "--env=CBOX_TEST_OURS", "-e", "CBOX_TEST_NONE", "-e", "EMPTY="),
		0);
	check_text(joined(&r.boot.env), "PATH=/sbin HOME=/data A=2 CBOX_TEST_OURS=ours EMPTY=");
	record_release(&r);
	check_int(CHANGE(&r, nothing, &container, &e, "-e", "=x"), -EINVAL);
	record_release(&r);
}

static void a_file_of_variables_is_read_line_by_line(void)
{
	char name[] = "/tmp/test_record-XXXXXX";
	auto_close int fd = mkostemp(name, O_CLOEXEC);
	static const char text[] = "# comment\nA=b c=d\n\nB=\"quoted\"\nA=again";
	struct record r;
	struct err e;

	check_int(io_write(fd, text, sizeof(text) - 1), 0);
	check_int(CHANGE(&r, nothing, &container, &e, "--env-file", name), 0);
	check_text(joined(&r.boot.env), "PATH=/bin HOME=/data A=again B=\"quoted\"");
	record_release(&r);
	check_int(io_write(fd, "\n=no\n", 5), 0);
	check_int(CHANGE(&r, nothing, &container, &e, "--env-file", name), -EINVAL);
	check(strstr(e.text, "line 6: '=no'") != NULL);
	record_release(&r);
	(void)unlink(name);
}

static void a_number_is_a_user_without_groups_of_its_own(void)
{
	struct record r;
	struct err e;

	check_int(CHANGE(&r, nothing, &container, &e, "-u", "7:8"), 0);
	check_int(r.boot.uid, 7);
	check_int(r.boot.gid, 8);
	check_int(r.boot.groups.count, 0);
	record_release(&r);
	check_int(CHANGE(&r, nothing, &container, &e, "-u", "nosuch"), -ENOENT);
	record_release(&r);
}

static void another_user_than_root_has_no_capability_but_those_asked_for(void)
{
	struct record r;
	struct err e;

	check_int(CHANGE(&r, nothing, &container, &e, "-i"), 0);
	check(r.boot.cap_bounding == CAPS_USUAL);
	check_int(r.boot.cap_effective, 0);
	check_int(r.boot.cap_ambient, 0);
	check_int(r.boot.no_new_privs, 1);
	record_release(&r);
	check_int(CHANGE(&r, nothing, &container, &e, "--cap-add=net_raw"), 0);
	check(r.boot.cap_bounding == (CAPS_USUAL | 1 << 13));
	check_int(r.boot.cap_effective, 1 << 13);
	check_int(r.boot.cap_ambient, 1 << 13);
	record_release(&r);
}

static void root_has_the_usual_set_more_or_less(void)
{
	struct record r;
	struct err e;

	check_int(CHANGE(&r, nothing, &container, &e, "-u0", "--cap-add", "CAP_NET_RAW",
			  "--cap-drop", "chown"),
		0);
	check(r.boot.cap_effective == ((CAPS_USUAL | 1 << 13) & ~UINT64_C(1)));
	check_int(r.boot.cap_ambient, 0);
	record_release(&r);
	check_int(
		CHANGE(&r, nothing, &container, &e, "-u0", "--cap-drop=ALL", "--cap-add=kill"),
		0);
	check_int(r.boot.cap_bounding, 1 << 5);
	record_release(&r);
	check_int(
		CHANGE(&r, nothing, &container, &e, "-u0", "--cap-add=ALL", "--cap-drop=kill"),
		0);
	check(r.boot.cap_effective == (CAPS_ALL & ~(UINT64_C(1) << 5)));
	record_release(&r);
	check_int(CHANGE(&r, nothing, &container, &e, "--cap-add", "5"), -EINVAL);
	record_release(&r);
}

static void a_root_cannot_give_itself_more_than_usual(void)
{
	static const char greedy[] = BOOT_MAGIC
		"argv=x\0\ncap.bounding=1ffffffffff\0\ncap.permitted=1ffffffffff\0\n"
		"cap.effective=1ffffffffff\0\nend=\0\n";
	static const char *const none[] = { NULL };
	struct record r;
	struct err e;

	check_int(change(&r, &(struct bytes){ greedy, sizeof(greedy) - 1 }, none, none,
			  &container, &e),
		0);
	check(r.boot.cap_bounding == CAPS_USUAL);
	check(r.boot.cap_permitted == CAPS_USUAL);
	check(r.boot.cap_effective == CAPS_USUAL);
	record_release(&r);
}

static void a_machine_keeps_all_unless_told(void)
{
	struct record r;
	struct err e;

	check_int(CHANGE(&r, nothing, &machine, &e, "-i"), 0);
	check(r.boot.cap_bounding == BOOT_CAPS_KEEP);
	check_int(r.boot.no_new_privs, 0);
	record_release(&r);
	check_int(CHANGE(&r, nothing, &machine, &e, "-u0", "--cap-drop=ALL"), 0);
	check_int(r.boot.cap_bounding, 0);
	record_release(&r);
}

static void limits_signals_and_times_are_checked(void)
{
	static const char *const bad[][2] = { { "--ulimit", "nofile" },
		{ "--ulimit", "nofile=" }, { "--ulimit", "files=1" },
		{ "--ulimit", "nofile=2:1" }, { "--ulimit", "nofile=1x" },
		{ "--stop-signal", "SIGNOPE" }, { "--stop-timeout", "99999999999" },
		{ "--workdir", "here" }, { "--hostname", "a b" }, { "--hostname", "" },
		{ "--security-opt", "none" } };
	struct record r;
	struct err e;

	check_int(CHANGE(&r, nothing, &container, &e, "--ulimit", "nofile=10:20", "--ulimit",
			  "nofile=30:-1", "--stop-signal=RTMIN+3", "--stop-timeout", "2", "-w",
			  "/tmp", "--hostname", "box"),
		0);
	check_int(r.boot.limits.count, 1);
	check_int(r.boot.limits.items[0].soft, 30);
	check(r.boot.limits.items[0].hard == BOOT_UNLIMITED);
	check_int(r.boot.stop_signal, 37);
	check_int(r.boot.grace, 2000);
	check_text(r.boot.cwd, "/tmp");
	check_text(joined(&r.boot.env), "PATH=/bin HOME=/data HOSTNAME=box");
	record_release(&r);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		check(CHANGE(&r, nothing, &container, &e, bad[i][0], bad[i][1]) < 0);
		record_release(&r);
	}
}

/* A scratch root with the text as its boot record; its descriptor, and its name in `name`. */
static int scratch_root(char *name, const char *record, size_t size)
{
	auto_close int dir = -1, fd = -1;

	if (!mkdtemp(name))
		return -1;
	dir = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)mkdirat(dir, "etc", 0755);
	(void)mkdirat(dir, "etc/cinit", 0755);
	fd = openat(dir, "etc/cinit/boot", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	check_int(io_write(fd, record, size), 0);
	return take_fd(&dir);
}

static void remove_root(const char *name, int dir)
{
	(void)unlinkat(dir, "etc/cinit/boot", 0);
	(void)unlinkat(dir, "etc/cinit", AT_REMOVEDIR);
	(void)unlinkat(dir, "etc", AT_REMOVEDIR);
	(void)rmdir(name);
}

static void a_record_that_is_no_good_is_refused_with_its_place(void)
{
	static const char bad[] = BOOT_MAGIC "argv=x\0\nno=1\0\nend=\0\n";
	char name[] = "/tmp/test_record-XXXXXX";
	auto_close int dir = scratch_root(name, bad, sizeof(bad) - 1);
	struct record r;
	struct err e;

	record_init(&r);
	check_int(record_load(&r, dir, &e), -EINVAL);
	check_text(e.text, "boot record '/etc/cinit/boot': byte 22: no: unknown key");
	record_release(&r);
	(void)unlinkat(dir, "etc/cinit/boot", 0);
	check_int(mkfifoat(dir, "etc/cinit/boot", 0644), 0);
	record_init(&r);
	check_int(record_load(&r, dir, &e), -EINVAL);
	check_text(e.text, "boot record: '/etc/cinit/boot' is not a regular file");
	record_release(&r);
	remove_root(name, dir);
}

static void a_record_survives_the_way_to_process_1(void)
{
	char name[] = "/tmp/test_record-XXXXXX";
	auto_close int dir = scratch_root(name, redis, sizeof(redis) - 1);
	auto_buf struct buf bytes = { 0 };
	struct boot_error why;
	struct record r, again;
	struct err e;

	record_init(&r);
	check_int(record_load(&r, dir, &e), 0);
	check_int(r.found, 1);
	check_int(record_encode(&r, &bytes, &e), 0);
	check_int(bytes.size, sizeof(redis) - 1);
	check_int(boot_decode(&again.boot, bytes.bytes, bytes.size, &why), 0);
	check_text(joined(&again.boot.argv), "entry.sh redis-server");
	check_int(again.boot.groups.items[0], 110);
	record_release(&r);
	remove_root(name, dir);
}

int main(void)
{
	RUN(a_command_replaces_the_image_s_and_keeps_its_entrypoint);
	RUN(another_entrypoint_drops_the_image_s_command);
	RUN(a_root_without_a_record_needs_a_command);
	RUN(variables_are_replaced_added_and_passed_on);
	RUN(a_file_of_variables_is_read_line_by_line);
	RUN(a_number_is_a_user_without_groups_of_its_own);
	RUN(another_user_than_root_has_no_capability_but_those_asked_for);
	RUN(root_has_the_usual_set_more_or_less);
	RUN(a_root_cannot_give_itself_more_than_usual);
	RUN(a_machine_keeps_all_unless_told);
	RUN(limits_signals_and_times_are_checked);
	RUN(a_record_that_is_no_good_is_refused_with_its_place);
	RUN(a_record_survives_the_way_to_process_1);
	return tap_done();
}
