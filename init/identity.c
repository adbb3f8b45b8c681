/* SPDX-License-Identifier: Apache-2.0 */
#include "init/identity.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/say.h"

enum { CAPS = 64 };

static int failed(int verbosity, const char *what)
{
	int error = errno;

	say(verbosity, SAY_ERROR, "cannot set the payload's %s: %e", what, error);
	return -error;
}

/* A limit that cannot be had is left as it is: raising one needs CAP_SYS_RESOURCE. */
static void limit(const struct boot_limit *l, int verbosity)
{
	struct {
		uint64_t soft, hard;
	} value = { l->soft, l->hard };

	if (syscall(SYS_prlimit64, 0, l->resource, &value, NULL) < 0)
		say(verbosity, SAY_WARNING, "cannot set the limit %s: %e",
			boot_limit_name(l->resource), errno);
}

/* Raw calls: the C library's would look for threads, and this process shares its memory. */
static int ids(const struct boot *b, int verbosity)
{
	size_t groups = b->groups.count;
	bool same = b->uid == getuid() && b->gid == getgid();

	/* A namespace with a single id refuses setgroups(2), and there is none to drop there.
	 */
	if (syscall(SYS_setgroups, groups, b->groups.items) < 0 && (groups || !same))
		return failed(verbosity, "groups");
	if (syscall(SYS_setresgid, b->gid, b->gid, b->gid) < 0)
		return failed(verbosity, "group id");
	if (syscall(SYS_setresuid, b->uid, b->uid, b->uid) < 0)
		return failed(verbosity, "user id");
	return 0;
}

static int bounding_set(uint64_t keep, int verbosity)
{
	for (int cap = 0; cap < CAPS; cap++) {
		if (keep >> cap & 1)
			continue;
		/* EINVAL: the kernel knows no more capabilities. */
		if (prctl(PR_CAPBSET_READ, cap) < 0)
			return 0;
		if (prctl(PR_CAPBSET_READ, cap) == 1 && prctl(PR_CAPBSET_DROP, cap) < 0)
			return failed(verbosity, "bounding set");
	}
	return 0;
}

static uint64_t word(const struct __user_cap_data_struct data[2], size_t offset)
{
	uint32_t low, high;

	memcpy(&low, (const char *)&data[0] + offset, sizeof(low));
	memcpy(&high, (const char *)&data[1] + offset, sizeof(high));
	return (uint64_t)high << 32 | low;
}

static void set_word(struct __user_cap_data_struct data[2], size_t offset, uint64_t value)
{
	uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);

	memcpy((char *)&data[0] + offset, &low, sizeof(low));
	memcpy((char *)&data[1] + offset, &high, sizeof(high));
}

/* What the process does not have cannot be asked for: the sets are cut to the permitted one. */
static int capability_sets(const struct boot *b, int verbosity)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 }, { 0 } };
	const struct {
		uint64_t want;
		size_t offset;
	} sets[] = {
		{ b->cap_inheritable, offsetof(struct __user_cap_data_struct, inheritable) },
		{ b->cap_effective, offsetof(struct __user_cap_data_struct, effective) },
		{ b->cap_permitted, offsetof(struct __user_cap_data_struct, permitted) },
	};
	uint64_t have, permitted;

	if (syscall(SYS_capget, &head, data) < 0)
		return failed(verbosity, "capabilities");
	have = word(data, sets[2].offset);
	permitted = sets[2].want == BOOT_CAPS_KEEP ? have : sets[2].want & have;
	for (int i = 0; i < 3; i++) {
		uint64_t value = sets[i].want == BOOT_CAPS_KEEP ? word(data, sets[i].offset)
								: sets[i].want;

		set_word(data, sets[i].offset, value & permitted);
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return failed(verbosity, "capabilities");
	return 0;
}

static int ambient_set(uint64_t want, int verbosity)
{
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long cap = 0; cap < CAPS; cap++)
		if (want >> cap & 1 &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0 &&
			errno != EINVAL)
			return failed(verbosity, "ambient capabilities");
	return 0;
}

static int directory(const char *path, int verbosity)
{
	char part[4096];
	size_t length = strlen(path);

	if (chdir(path) == 0)
		return 0;
	/* Missing parents too, as container runtimes make a missing working directory. */
	for (size_t i = 1; errno == ENOENT && i <= length && length < sizeof(part); i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			break;
		errno = ENOENT;
	}
	return chdir(path) < 0 ? failed(verbosity, "working directory") : 0;
}

int identity_assume(const struct boot *b, int verbosity)
{
	bool caps = b->cap_permitted != BOOT_CAPS_KEEP || b->cap_effective != BOOT_CAPS_KEEP ||
		    b->cap_inheritable != BOOT_CAPS_KEEP || b->cap_ambient != BOOT_CAPS_KEEP;
	int r = 0;

	for (size_t i = 0; i < b->limits.count; i++)
		limit(&b->limits.items[i], verbosity);
	(void)umask(b->umask);
	/* As root still: the directory may have to be made, and need not be the user's. */
	r = directory(b->cwd, verbosity);
	if (r == 0 && b->cap_bounding != BOOT_CAPS_KEEP)
		r = bounding_set(b->cap_bounding, verbosity);
	if (r == 0 && caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		r = failed(verbosity, "capabilities");
	if (r == 0)
		r = ids(b, verbosity);
	if (r == 0 && caps)
		r = capability_sets(b, verbosity);
	if (r == 0 && b->cap_ambient != BOOT_CAPS_KEEP)
		r = ambient_set(b->cap_ambient, verbosity);
	if (r == 0 && b->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = failed(verbosity, "no_new_privs");
	return r;
}
