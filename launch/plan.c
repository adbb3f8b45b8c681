/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/plan.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "launch/caps.h"

enum { NO = MS_NOSUID | MS_NODEV | MS_NOEXEC };

/* runtime-spec, config-linux.md, "Default Filesystems", and what docker mounts besides. */
static const struct plan_mount usual[] = {
	{ "/proc", "proc", NO, NULL, false },
	{ "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k", false },
	{ "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		"newinstance,ptmxmode=0666,mode=0620,gid=5", false },
	{ "/dev/shm", "tmpfs", NO, "mode=1777,size=65536k", false },
	{ "/dev/mqueue", "mqueue", NO, NULL, true },
	{ "/sys", "sysfs", NO | MS_RDONLY, NULL, false },
	{ "/sys/fs/cgroup", "cgroup2", NO | MS_RDONLY, NULL, true },
};

/* docker's and containerd's lists, and vmallocinfo, which tells addresses of the kernel. */
static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/interrupts",
	"/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
	"/proc/timer_list", "/proc/timer_stats", "/proc/vmallocinfo", "/sys/firmware",
	"/sys/devices/virtual/powercap", NULL };

static const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
	"/proc/sysrq-trigger", NULL };

static const struct {
	const char *name;
	unsigned long set, clear;
} words[] = {
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "noatime", MS_NOATIME, 0 },
	{ "strictatime", MS_STRICTATIME, 0 },
};

void plan_init(struct plan *p, const char *name, const char *rootfs)
{
	*p = (struct plan){
		.name = name,
		.rootfs = rootfs,
		.namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
			      CLONE_NEWNET | CLONE_NEWCGROUP,
		.mount_count = ARRAY_LEN(usual),
		.masked = masked,
		.read_only = read_only,
		.hostname = name,
		.bounding = CAPS_USUAL,
		.no_new_privs = true,
	};
	memcpy(p->mounts, usual, sizeof(usual));
}

void plan_use_user_namespace(struct plan *p)
{
	p->namespaces |= CLONE_NEWUSER;
	/* Group 5, tty, has no id there. */
	for (size_t i = 0; i < p->mount_count; i++)
		if (!strcmp(p->mounts[i].type, "devpts"))
			p->mounts[i].data = "newinstance,ptmxmode=0666,mode=0620";
}

/* Takes the words that are flags out of "ro,size=1m", so that the file system gets the rest. */
static const char *split_options(const char *options, unsigned long *flags, struct arena *a)
{
	char *data = arena_strdup(a, ""), *end = data;
	size_t length;

	data = end = arena_strdup(a, options);
	for (const char *at = options; *at; at += length + (at[length] == ',')) {
		size_t i = 0;

		length = strcspn(at, ",");
		while (i < ARRAY_LEN(words) &&
			(strlen(words[i].name) != length || memcmp(words[i].name, at, length)))
			i++;
		if (i < ARRAY_LEN(words)) {
			*flags = (*flags | words[i].set) & ~words[i].clear;
			continue;
		}
		if (end > data)
			*end++ = ',';
		memmove(end, at, length);
		end += length;
	}
	*end = '\0';
	return *data ? data : NULL;
}

int plan_add_mount(struct plan *p, const char *target, const char *type, const char *options,
	struct arena *a, struct err *e)
{
	struct plan_mount m = { arena_strdup(a, target), "tmpfs", MS_NOSUID | MS_NODEV, NULL,
		false };

	/* A root is not trusted with more: any other type reaches for something of the host's.
	 */
	if (strcmp(type, "tmpfs"))
		return err_set(
			e, -EPERM, "mount of '%s': a container gets no '%s'", target, type);
	if (p->mount_count == PLAN_MOUNTS_MAX)
		return err_set(e, -E2BIG, "mount of '%s': too many mounts", target);
	m.data = split_options(options ? options : "", &m.flags, a);
	p->mounts[p->mount_count++] = m;
	return 0;
}

int plan_add_tmpfs(struct plan *p, const char *text, struct arena *a, struct err *e)
{
	size_t length = strcspn(text, ":");
	const char *options = text[length] ? text + length + 1 : "";
	char *target = arena_strndup(a, text, length);

	return plan_add_mount(p, target, "tmpfs",
		arena_printf(a, "noexec%s%s", *options ? "," : "", options), a, e);
}

int plan_set_network(struct plan *p, const char *name, struct err *e)
{
	if (!strcmp(name, "host"))
		p->namespaces &= ~(uint64_t)CLONE_NEWNET;
	else if (strcmp(name, "none"))
		return err_set(e, -EINVAL, "network '%s' is neither 'none' nor 'host'", name);
	return 0;
}

int plan_check(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->mount_count; i++) {
		const char *target = p->mounts[i].target;

		if (target[0] != '/' || !target[strspn(target, "/.")])
			return err_set(e, -EINVAL,
				"mount of '%s': not an absolute path below the root", target);
		if (i >= ARRAY_LEN(usual) &&
			(!strcmp(target, "/proc") || !strncmp(target, "/proc/", 6)))
			return err_set(
				e, -EPERM, "mount of '%s': /proc stays as it is", target);
	}
	if (p->namespaces & CLONE_NEWUSER && (p->uid || p->gid))
		return err_set(e, -EPERM,
			"user %u:%u has no id where only yours is known; run cbox as root, or with "
			"'--user 0'",
			p->uid, p->gid);
	if (p->namespaces & CLONE_NEWUSER && !(p->namespaces & CLONE_NEWNET))
		return err_set(e, -EPERM, "the host's network is for root; run cbox as root");
	if (strlen(p->hostname) > 64)
		return err_set(e, -EINVAL, "host name '%s' is longer than 64", p->hostname);
	return 0;
}
