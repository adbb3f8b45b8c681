/* SPDX-License-Identifier: Apache-2.0 */
#include "init/mounts.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/say.h"

struct row {
	const char *target, *type, *options;
};

static const struct row early[] = {
	{ "/dev", "devtmpfs", "nosuid,mode=0755" },
	{ "/proc", "proc", "nosuid,nodev,noexec" },
	{ "/sys", "sysfs", "nosuid,nodev,noexec" },
};

static const struct row late[] = {
	{ "/dev/pts", "devpts", "nosuid,noexec,mode=0620,ptmxmode=0666,gid=5" },
	{ "/dev/shm", "tmpfs", "nosuid,nodev,mode=1777" },
	{ "/dev/mqueue", "mqueue", "nosuid,nodev,noexec" },
	{ "/sys/fs/cgroup", "cgroup2", "nosuid,nodev,noexec,nsdelegate" },
};

/* Only for a root that cannot be written: elsewhere the image's own are as good. */
static const struct row volatile_places[] = {
	{ "/run", "tmpfs", "nosuid,nodev,mode=0755" },
	{ "/tmp", "tmpfs", "nosuid,nodev,mode=1777" },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

static const struct {
	const char *word;
	unsigned long set, clear;
} words[] = {
	{ "defaults", 0, 0 },
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "noatime", MS_NOATIME, 0 },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "relatime", MS_RELATIME, 0 },
	{ "strictatime", MS_STRICTATIME, 0 },
	{ "bind", MS_BIND, 0 },
	{ "rbind", MS_BIND | MS_REC, 0 },
};

enum { OPTIONS_MAX = 4096 };

void mounts_make_directory(const char *path)
{
	char part[4096];
	size_t length = strlen(path);

	for (size_t i = 1; i <= length && length < sizeof(part); i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		(void)mkdir(part, 0755);
	}
}

static bool flag_word(const char *word, size_t length, unsigned long *flags)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != length || memcmp(words[i].word, word, length))
			continue;
		*flags = (*flags | words[i].set) & ~words[i].clear;
		return true;
	}
	return false;
}

/* Splits the words into flags and what the file system is to read. */
static int split(const char *options, unsigned long *flags, char data[OPTIONS_MAX])
{
	size_t used = 0;

	*flags = 0;
	data[0] = '\0';
	while (options && *options) {
		size_t length = strcspn(options, ",");

		if (!flag_word(options, length, flags)) {
			if (used + length + 2 > OPTIONS_MAX)
				return -E2BIG;
			if (used)
				data[used++] = ',';
			memcpy(data + used, options, length);
			used += length;
			data[used] = '\0';
		}
		options += length + (options[length] == ',');
	}
	return 0;
}

int mounts_mount(const char *source, const char *target, const char *type, const char *options)
{
	unsigned long flags;
	char data[OPTIONS_MAX];
	int r = split(options, &flags, data);

	if (r < 0)
		return r;
	if (!strcmp(type, "bind"))
		flags |= MS_BIND;
	if (mount(source, target, type, flags, data) < 0)
		return -errno;
	/* A bind mount takes its flags only when it is mounted a second time: mount(2). */
	if (flags & MS_BIND && flags & ~(unsigned long)(MS_BIND | MS_REC) &&
		mount(NULL, target, NULL, flags | MS_REMOUNT, NULL) < 0)
		return -errno;
	return 0;
}

static void mount_row(const struct row *row, int verbosity)
{
	int r;

	mounts_make_directory(row->target);
	r = mounts_mount(row->type, row->target, row->type, row->options);
	if (r < 0 && r != -EBUSY)
		say(verbosity, SAY_WARNING, "cannot mount %s on %s: %e", row->type, row->target,
			-r);
}

void mounts_proc(int verbosity)
{
	int r;

	/* Even one of another pid namespace is not covered: the mounts may be the host's. */
	if (access("/proc/version", F_OK) == 0)
		return;
	(void)mkdir("/proc", 0755);
	r = mounts_mount("proc", "/proc", "proc", "nosuid,nodev,noexec");
	if (r < 0)
		say(verbosity, SAY_DEBUG, "no /proc, and none can be mounted: %e", -r);
}

void mounts_early(int verbosity)
{
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
		mount_row(&early[i], verbosity);
}

void mounts_move(const char *root, int verbosity)
{
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		char path[64];
		size_t length = strlen(root);

		memcpy(path, root, length);
		memcpy(path + length, early[i].target, strlen(early[i].target) + 1);
		(void)mkdir(path, 0755);
		if (mount(early[i].target, path, NULL, MS_MOVE, NULL) < 0)
			say(verbosity, SAY_WARNING, "cannot move %s into the root: %e",
				early[i].target, errno);
	}
}

void mounts_late(int verbosity)
{
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		mount_row(&late[i], verbosity);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		(void)symlink(links[i].target, links[i].name);
	if (access("/", W_OK) == 0)
		return;
	for (size_t i = 0; i < sizeof(volatile_places) / sizeof(volatile_places[0]); i++)
		mount_row(&volatile_places[i], verbosity);
}

void mounts_add(const struct boot_mounts *mounts, int verbosity)
{
	for (size_t i = 0; i < mounts->count; i++) {
		const struct boot_mount *m = &mounts->items[i];
		const char *type = m->type ? m->type : "tmpfs";
		int r;

		mounts_make_directory(m->target);
		r = mounts_mount(m->source ? m->source : type, m->target, type, m->options);
		if (r < 0)
			say(verbosity, SAY_WARNING, "cannot mount %s on '%s': %e", type,
				m->target, -r);
	}
}

void mounts_remove(const struct boot_mounts *mounts, int verbosity)
{
	for (size_t i = mounts->count; i > 0; i--) {
		const char *target = mounts->items[i - 1].target;

		if (umount2(target, 0) < 0 &&
			mount(NULL, target, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
			say(verbosity, SAY_WARNING, "cannot unmount '%s': %e", target, errno);
	}
}
