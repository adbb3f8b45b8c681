/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/boot.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/unit/tap.h"

/* A record is large: one of each, on the heap. */
struct pair {
	struct boot in, out;
	char bytes[BOOT_SIZE_MAX + 16];
	struct boot_error error;
};

static struct pair *pair_new(void)
{
	struct pair *p = malloc(sizeof(*p));

	if (!p)
		abort();
	boot_init(&p->in);
	return p;
}

/* Decodes a text in which a '|' stands for NUL LF. */
static int decode_text(struct pair *p, const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text != '|') {
			p->bytes[n++] = *text;
			continue;
		}
		p->bytes[n++] = '\0';
		p->bytes[n++] = '\n';
	}
	return boot_decode(&p->out, p->bytes, n, &p->error);
}

static void refused(const char *text, const char *key, const char *why)
{
	struct pair *p = pair_new();

	check_int(decode_text(p, text), -EINVAL);
	check_text(p->error.key, key);
	check_text(p->error.why, why);
	free(p);
}

static void fill(struct boot *b)
{
	static const char *const argv[] = { "/bin/sh", "-c", "a\nb=c \xff", "", NULL };
	static const char *const env[] = { "PATH=/bin", "EMPTY=", NULL };
	static const char *const servers[] = { "10.0.2.3", NULL };
	static const char *const modules[] = { "/m/virtio.ko", "/m/erofs.ko", NULL };

	b->argv = (struct boot_list){ argv, 4 };
	b->env = (struct boot_list){ env, 2 };
	b->nameservers = (struct boot_list){ servers, 1 };
	b->modules = (struct boot_list){ modules, 2 };
	b->entrypoint = 1;
	b->cwd = "/work dir";
	b->uid = 101;
	b->gid = UINT32_MAX - 1;
	b->groups.items[b->groups.count++] = 5;
	b->groups.items[b->groups.count++] = 70000;
	b->umask = 027;
	b->limits.items[b->limits.count++] = (struct boot_limit){ RLIMIT_NOFILE, 1024, 4096 };
	b->limits.items[b->limits.count++] = (struct boot_limit){ RLIMIT_CORE, 0,
		BOOT_UNLIMITED };
	b->cap_bounding = 0xa80425fb;
	b->cap_ambient = 0;
	b->no_new_privs = true;
	b->hostname = "box";
	b->mounts.items[b->mounts.count++] = (struct boot_mount){ "/data", "ext4", "/dev/vdb",
		"ro,noatime" };
	b->mounts.items[b->mounts.count++] = (struct boot_mount){ "/tmp", "tmpfs", NULL, NULL };
	b->root = "/dev/vda";
	b->root_mode = BOOT_ROOT_RW;
	b->clock = UINT64_C(1790000000123456789);
	b->finish = BOOT_FINISH_REBOOT;
}

static void every_field_survives_the_round_trip(void)
{
	struct pair *p = pair_new(), *again = pair_new();
	long size, size_again;

	fill(&p->in);
	size = boot_encode(&p->in, p->bytes, sizeof(p->bytes), &p->error);
	check(size > 0);
	memcpy(again->bytes, p->bytes, (size_t)size);
	check_int(boot_decode(&p->out, p->bytes, (size_t)size, &p->error), 0);
	check_int(p->out.argv.count, 4);
	check_text(p->out.argv.items[2], "a\nb=c \xff");
	check_text(p->out.argv.items[3], "");
	check(!p->out.argv.items[4]);
	check_text(p->out.env.items[1], "EMPTY=");
	check_int(p->out.gid, UINT32_MAX - 1);
	check_int(p->out.groups.items[1], 70000);
	check_int(p->out.umask, 027);
	check_int(p->out.limits.items[1].resource, RLIMIT_CORE);
	check(p->out.limits.items[1].hard == BOOT_UNLIMITED);
	check(p->out.cap_bounding == 0xa80425fb && p->out.cap_permitted == BOOT_CAPS_KEEP);
	check(p->out.cap_ambient == 0);
	check(p->out.no_new_privs && !p->out.terminal);
	check_text(p->out.mounts.items[0].source, "/dev/vdb");
	check_text(p->out.mounts.items[0].options, "ro,noatime");
	check(!p->out.mounts.items[1].source);
	check_int(p->out.root_mode, BOOT_ROOT_RW);
	check(p->out.clock == UINT64_C(1790000000123456789));
	check_int(p->out.finish, BOOT_FINISH_REBOOT);
	check_text(p->out.modules.items[1], "/m/erofs.ko");
	/* What was decoded encodes to the same bytes. */
	size_again = boot_encode(&p->out, again->bytes + size, (size_t)size, &p->error);
	check_int(size_again, size);
	check(!memcmp(again->bytes, again->bytes + size, (size_t)size));
	free(p);
	free(again);
}

static void an_empty_record_has_the_defaults(void)
{
	struct pair *p = pair_new();

	check_int(decode_text(p, "#cinit-boot 1\nend=|"), 0);
	check_int(p->out.argv.count, 0);
	check(!p->out.argv.items[0]);
	check_text(p->out.cwd, "/");
	check_int(p->out.umask, 022);
	check_int(p->out.stop_signal, 15);
	check_int(p->out.grace, 5000);
	check_int(p->out.finish, BOOT_FINISH_DEFAULT);
	free(p);
}

static void the_word_before_argv_may_be_written(void)
{
	struct pair *p = pair_new();

	check_int(decode_text(p, "#cinit-boot 1\nargv=x|argv=y|end=|"), 0);
	check(p->out.argv.items - 1 >= p->out.strings);
	free(p);
}

static void what_is_not_understood_is_refused(void)
{
	refused("", NULL, "not a boot record of version 1");
	refused("#cinit-boot 2\nend=|", NULL, "not a boot record of version 1");
	refused("#cinit-boot 1\n", NULL, "no end: the record is cut");
	refused("#cinit-boot 1\nargv=x|", NULL, "no end: the record is cut");
	refused("#cinit-boot 1\nargv=x", NULL, "a field does not end with NUL and LF");
	refused("#cinit-boot 1\nargv|end=|", NULL, "a field without '='");
	refused("#cinit-boot 1\nend=|argv=x|", "end", "something follows it");
	refused("#cinit-boot 1\nshell=yes|end=|", "shell", "unknown key");
	refused("#cinit-boot 1\nuid=|end=|", "uid", "not a number");
	refused("#cinit-boot 1\nuid=-1|end=|", "uid", "not a number");
	refused("#cinit-boot 1\nuid=4294967295|end=|", "uid", "number too large");
	refused("#cinit-boot 1\ngroup=4294967296|end=|", "group", "number too large");
	refused("#cinit-boot 1\numask=8|end=|", "umask", "not a number");
	refused("#cinit-boot 1\numask=1000|end=|", "umask", "number too large");
	refused("#cinit-boot 1\ncap.bounding=0x1|end=|", "cap.bounding", "not a number");
	refused("#cinit-boot 1\nterminal=2|end=|", "terminal", "number too large");
	refused("#cinit-boot 1\nlimit=nofile|end=|", "limit", "not NAME=SOFT:HARD");
	refused("#cinit-boot 1\nlimit=files=1:1|end=|", "limit", "not the name of a limit");
	refused("#cinit-boot 1\nlimit=nofile=2:1|end=|", "limit",
		"soft limit above the hard one");
	refused("#cinit-boot 1\nmount.type=x|end=|", "mount.type", "stands before any mount");
	refused("#cinit-boot 1\nmount=x|end=|", "mount", "not an absolute path");
	refused("#cinit-boot 1\nroot.mode=x|end=|", "root.mode",
		"not a word that is known here");
	refused("#cinit-boot 1\ncwd=x|end=|", "end", "cwd is not an absolute path");
	refused("#cinit-boot 1\nstop_signal=65|end=|", "end",
		"stop_signal is not the number of a signal");
	refused("#cinit-boot 1\nfinish=exec|end=|", "end", "finish=exec without argv");
	refused("#cinit-boot 1\nargv=a|env=b|argv=c|end=|", "argv",
		"interrupted by another list");
}

static void more_than_a_record_holds_is_refused_by_both_sides(void)
{
	struct pair *p = pair_new();
	static const char *items[BOOT_STRINGS_MAX + 2];
	char *big = malloc(BOOT_TEXT_MAX + 1);

	if (!big)
		abort();
	for (size_t i = 0; i < BOOT_STRINGS_MAX + 1; i++)
		items[i] = "x";
	p->in.argv = (struct boot_list){ items, BOOT_STRINGS_MAX - 1 };
	check_int(boot_encode(&p->in, NULL, 0, &p->error), -E2BIG);
	check_text(p->error.why, "too many items");
	p->in.argv.count = BOOT_STRINGS_MAX - 2;
	check(boot_encode(&p->in, p->bytes, sizeof(p->bytes), &p->error) > 0);
	memset(big, 'x', BOOT_TEXT_MAX);
	big[BOOT_TEXT_MAX] = '\0';
	p->in.argv.count = 0;
	p->in.hostname = big;
	check_int(boot_encode(&p->in, NULL, 0, &p->error), -E2BIG);
	check_text(p->error.key, "hostname");
	memset(p->bytes, 'x', sizeof(p->bytes));
	check_int(boot_decode(&p->out, p->bytes, BOOT_SIZE_MAX + 1, &p->error), -E2BIG);
	free(big);
	free(p);
}

/* What the encoder takes with its lists at the limit, the decoder takes too. */
static void the_largest_list_decodes(void)
{
	struct pair *p = pair_new();
	static const char *items[BOOT_STRINGS_MAX + 2];
	long size;

	for (size_t i = 0; i < BOOT_STRINGS_MAX - 2; i++)
		items[i] = "x";
	p->in.argv = (struct boot_list){ items, BOOT_STRINGS_MAX - 2 };
	size = boot_encode(&p->in, p->bytes, sizeof(p->bytes), &p->error);
	check(size > 0);
	check_int(boot_decode(&p->out, p->bytes, (size_t)size, &p->error), 0);
	check_int(p->out.argv.count, BOOT_STRINGS_MAX - 2);
	free(p);
}

static void an_encoder_without_room_says_how_much_is_needed(void)
{
	struct pair *p = pair_new();
	long size;

	fill(&p->in);
	size = boot_encode(&p->in, NULL, 0, &p->error);
	p->bytes[100] = 'Q';
	check_int(boot_encode(&p->in, p->bytes, 100, &p->error), size);
	check_int(p->bytes[100], 'Q');
	free(p);
}

static void messages_survive_the_round_trip(void)
{
	static const struct {
		struct boot_message m;
		const char *line;
	} rows[] = {
		{ { BOOT_WORD_STARTED, 0, 0 }, "started\n" },
		{ { BOOT_WORD_EXIT, 255, 0 }, "exit 255\n" },
		{ { BOOT_WORD_SIGNAL, 9, 0 }, "signal 9\n" },
		{ { BOOT_WORD_SIZE, 24, 4294967295U }, "size 24 4294967295\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[BOOT_MESSAGE_MAX + 1] = "";
		size_t n = boot_message_encode(&rows[i].m, line);
		struct boot_message m = boot_message_decode(line, n - 1);

		check_text(line, rows[i].line);
		check_int(m.word, rows[i].m.word);
		check_int(m.first, rows[i].m.first);
		check_int(m.second, rows[i].m.second);
	}
}

static void rubbish_on_the_channel_is_no_message(void)
{
	static const char *const lines[] = { "", "exit", "exit ", "exit x", "exit 1 2",
		"exit  1", "exit 4294967296", "size 1", "startedx", "[    1.0] exit 0" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		check_int(boot_message_decode(lines[i], strlen(lines[i])).word, BOOT_WORD_NONE);
	check_int(boot_message_decode("exit 0\r", 7).word, BOOT_WORD_EXIT);
}

int main(void)
{
	RUN(every_field_survives_the_round_trip);
	RUN(an_empty_record_has_the_defaults);
	RUN(the_word_before_argv_may_be_written);
	RUN(what_is_not_understood_is_refused);
	RUN(more_than_a_record_holds_is_refused_by_both_sides);
	RUN(the_largest_list_decodes);
	RUN(an_encoder_without_room_says_how_much_is_needed);
	RUN(messages_survive_the_round_trip);
	RUN(rubbish_on_the_channel_is_no_message);
	return tap_done();
}
