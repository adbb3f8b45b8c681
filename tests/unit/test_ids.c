/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ids.h"

#include "lib/signame.h"
#include "tests/unit/tap.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken line\n"
			     "redis:x:101:102::/var/lib/redis:/bin/false\n"
			     "nohome:x:7:8:::\n"
			     "big:x:4294967295:0::/:\n"
			     "last:x:9:9::/last:/bin/sh";
static const char group[] = "root:x:0:\nredis:x:102:\nssl:x:110:redis,postgres\n"
			    "bad:x:no:redis\nlog:x:4:syslog,redis\nnear:x:5:redisx\n";

static int resolve(const char *user, struct ids *ids, struct err *e)
{
	static struct arena a; /* lives as long as the program */

	return ids_resolve(user, passwd, group, &a, ids, e);
}

static void a_name_brings_its_group_home_and_supplementary_groups(void)
{
	struct ids ids;
	struct err e;

	check_int(resolve("redis", &ids, &e), 0);
	check_int(ids.uid, 101);
	check_int(ids.gid, 102);
	check_text(ids.home, "/var/lib/redis");
	check_int(ids.group_count, 2);
	check_int(ids.groups[0], 110);
	check_int(ids.groups[1], 4);
}

static void a_number_that_passwd_knows_is_that_user(void)
{
	struct ids ids;
	struct err e;

	check_int(resolve("101", &ids, &e), 0);
	check_int(ids.gid, 102);
	check_int(ids.group_count, 2);
}

static void a_number_that_nobody_knows_is_itself_with_group_0(void)
{
	struct ids ids;
	struct err e;

	check_int(resolve("5000", &ids, &e), 0);
	check_int(ids.uid, 5000);
	check_int(ids.gid, 0);
	check_int(ids.group_count, 0);
	check_text(ids.home, "/");
}

static void a_group_that_is_asked_for_is_the_only_one(void)
{
	struct ids ids;
	struct err e;

	check_int(resolve("redis:ssl", &ids, &e), 0);
	check_int(ids.uid, 101);
	check_int(ids.gid, 110);
	check_int(ids.group_count, 0);
	check_int(resolve("5:6", &ids, &e), 0);
	check_int(ids.uid, 5);
	check_int(ids.gid, 6);
}

static void unknown_names_and_ids_that_do_not_fit_are_errors(void)
{
	static const char *const bad[] = { "nobody", "redi", "4294967295",
		"99999999999999999999", "-1", "0x0", " 0", "big", "redis:nogroup", "redis:-1" };
	struct ids ids;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		check_int(resolve(bad[i], &ids, &e), -ENOENT);
	check_int(resolve("nobody:ssl", &ids, &e), -ENOENT);
	check_text(e.text, "no user 'nobody' in the root's /etc/passwd");
}

static void a_last_line_without_its_end_counts(void)
{
	struct ids ids;
	struct err e;

	check_int(resolve("last", &ids, &e), 0);
	check_text(ids.home, "/last");
	check_int(resolve("nohome", &ids, &e), 0);
	check_text(ids.home, "/");
	check_int(resolve("", &ids, &e), 0);
	check_text(ids.home, "/root");
}

static void signals_have_names_and_numbers(void)
{
	char name[16];

	check_int(signal_number("SIGTERM"), 15);
	check_int(signal_number("quit"), 3);
	check_int(signal_number("9"), 9);
	check_int(signal_number("SIGRTMIN+3"), 37);
	check_int(signal_number("RTMAX-1"), 63);
	check_int(signal_number("rtmin"), 34);
	check_text(signal_name(15, name), "SIGTERM");
	check_text(signal_name(37, name), "SIGRTMIN+3");
}

static void what_is_no_signal_is_refused(void)
{
	static const char *const bad[] = { "", "0", "65", "SIG", "TERMINATE", "15x", "RTMIN-1",
		"RTMIN+31", "RTMAX+1", "-1", "RTMIN+" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		check_int(signal_number(bad[i]), -EINVAL);
}

int main(void)
{
	RUN(a_name_brings_its_group_home_and_supplementary_groups);
	RUN(a_number_that_passwd_knows_is_that_user);
	RUN(a_number_that_nobody_knows_is_itself_with_group_0);
	RUN(a_group_that_is_asked_for_is_the_only_one);
	RUN(unknown_names_and_ids_that_do_not_fit_are_errors);
	RUN(a_last_line_without_its_end_counts);
	RUN(signals_have_names_and_numbers);
	RUN(what_is_no_signal_is_refused);
	return tap_done();
}
