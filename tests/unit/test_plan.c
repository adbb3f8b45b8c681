/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/plan.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "launch/caps.h"
#include "tests/unit/tap.h"

static const struct plan_mount none = { "nowhere", "none", 0, "gid", false };

static const struct plan_mount *find(const struct plan *p, const char *target)
{
	for (size_t i = 0; i < p->mount_count; i++)
		if (!strcmp(p->mounts[i].target, target))
			return &p->mounts[i];
	return &none;
}

static void a_plan_is_docker_s_without_a_network(void)
{
	struct plan p;
	struct err e;

	plan_init(&p, "abc", "/root");
	check_int(plan_check(&p, &e), 0);
	check(p.namespaces == (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
				      CLONE_NEWNET | CLONE_NEWCGROUP));
	check_text(p.hostname, "abc");
	check(find(&p, "/sys")->flags & MS_RDONLY);
	check(!(find(&p, "/dev")->flags & MS_NODEV));
	check(p.no_new_privs);
}

static void a_tmpfs_has_safe_flags_that_can_be_changed(void)
{
	const unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	struct arena a = { 0 };
	struct plan p;
	struct err e;

	plan_init(&p, "abc", "/root");
	check_int(plan_add_tmpfs(&p, "/tmp", &a, &e), 0);
	check_int(find(&p, "/tmp")->flags, safe);
	check_text(find(&p, "/tmp")->data, NULL);
	check_int(plan_add_tmpfs(&p, "/run:exec,size=64m,ro,mode=700", &a, &e), 0);
	check_int(find(&p, "/run")->flags, MS_NOSUID | MS_NODEV | MS_RDONLY);
	check_text(find(&p, "/run")->data, "size=64m,mode=700");
	check_int(plan_check(&p, &e), 0);
	arena_release(&a);
}

static void mounts_over_proc_or_nowhere_are_refused(void)
{
	static const char *const bad[] = { "tmp", "", "/", "/..", "/proc", "/proc/sys" };
	struct arena a = { 0 };
	struct plan p;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		plan_init(&p, "abc", "/root");
		check_int(plan_add_tmpfs(&p, bad[i], &a, &e), 0);
		check(plan_check(&p, &e) < 0);
	}
	arena_release(&a);
}

static void a_root_gets_no_mount_of_the_host_s(void)
{
	struct arena a = { 0 };
	struct plan p;
	struct err e;

	plan_init(&p, "abc", "/root");
	check_int(plan_add_mount(&p, "/mnt", "bind", "rw", &a, &e), -EPERM);
	check_int(plan_add_mount(&p, "/mnt", "ext4", NULL, &a, &e), -EPERM);
	check_int(plan_add_mount(&p, "/mnt", "tmpfs", NULL, &a, &e), 0);
	arena_release(&a);
}

static void there_is_a_last_mount(void)
{
	struct arena a = { 0 };
	struct plan p;
	struct err e;
	int r = 0;

	plan_init(&p, "abc", "/root");
	for (int i = 0; i < PLAN_MOUNTS_MAX && r == 0; i++)
		r = plan_add_tmpfs(&p, "/tmp", &a, &e);
	check_int(r, -E2BIG);
	arena_release(&a);
}

static void networks_are_none_or_the_host_s(void)
{
	struct plan p;
	struct err e;

	plan_init(&p, "abc", "/root");
	check_int(plan_set_network(&p, "none", &e), 0);
	check(p.namespaces & CLONE_NEWNET);
	check_int(plan_set_network(&p, "host", &e), 0);
	check(!(p.namespaces & CLONE_NEWNET));
	check_int(plan_set_network(&p, "bridge", &e), -EINVAL);
}

static void a_user_namespace_has_only_root(void)
{
	struct plan p;
	struct err e;

	plan_init(&p, "abc", "/root");
	plan_use_user_namespace(&p);
	check_int(plan_check(&p, &e), 0);
	check(!strstr(find(&p, "/dev/pts")->data, "gid"));
	p.uid = 101;
	check_int(plan_check(&p, &e), -EPERM);
	p.uid = 0;
	check_int(plan_set_network(&p, "host", &e), 0);
	check_int(plan_check(&p, &e), -EPERM);
}

static char *printed(const struct plan *p)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	plan_print(out, p);
	(void)fclose(out);
	return text;
}

static void a_plan_prints_as_commands_that_quote_names(void)
{
	struct plan p;
	char *text;

	plan_init(&p, "abc", "/a b/it's");
	p.root = PLAN_ROOT_READ_ONLY;
	text = printed(&p);
	check(strstr(text, "lowerdir='/a b/it'\\''s' overlay ROOT\n") != NULL);
	check(strstr(text, "mount -t proc -o nosuid,nodev,noexec proc ROOT/proc\n") != NULL);
	check(strstr(text, "mknod -m 666 ROOT/dev/null c 1 3\n") != NULL);
	check(strstr(text, "mount -o remount,bind,ro ROOT\n") != NULL);
	check(strstr(text, "hostname abc\n") != NULL);
	free(text);
}

static void masks_of_capabilities_are_their_names(void)
{
	uint64_t usual = 0, init = 0;
	char text[512];
	struct err e;
	static const char *const names[] = { "chown", "DAC_OVERRIDE", "CAP_FOWNER", "fsetid",
		"kill", "net_bind_service", "setfcap", "setgid", "setpcap", "setuid",
		"sys_chroot" };
	static const char *const own[] = { "kill", "setgid", "setuid", "setpcap" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		check_int(caps_add(&usual, names[i], &e), 0);
	check(usual == CAPS_USUAL);
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		check_int(caps_add(&init, own[i], &e), 0);
	check(init == CAPS_INIT);
	check_text(caps_text(init, text, sizeof(text)),
		"cap_kill,cap_setgid,cap_setuid,cap_setpcap");
	check_int(caps_add(&init, "", &e), -EINVAL);
}

int main(void)
{
	RUN(a_plan_is_docker_s_without_a_network);
	RUN(a_tmpfs_has_safe_flags_that_can_be_changed);
	RUN(mounts_over_proc_or_nowhere_are_refused);
	RUN(a_root_gets_no_mount_of_the_host_s);
	RUN(there_is_a_last_mount);
	RUN(networks_are_none_or_the_host_s);
	RUN(a_user_namespace_has_only_root);
	RUN(a_plan_prints_as_commands_that_quote_names);
	RUN(masks_of_capabilities_are_their_names);
	return tap_done();
}
