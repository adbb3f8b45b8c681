/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/pss.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/io.h"

enum { FILE_MAX = 64 * 1024, DEPTH_MAX = 16 };

/* A file below /proc/PID; empty where it cannot be read. */
static void load(pid_t pid, const char *name, struct buf *to)
{
	char path[64];
	struct err ignored;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if (io_load(AT_FDCWD, path, to, FILE_MAX, &ignored) < 0)
		to->size = 0;
}

static uint64_t pss_of(pid_t pid)
{
	auto_buf struct buf file = { 0 };
	uint64_t kib = 0;
	const char *at;

	load(pid, "smaps_rollup", &file);
	at = file.size ? strstr(file.bytes, "\nPss:") : NULL;
	if (!at || sscanf(at, "\nPss: %" SCNu64, &kib) != 1)
		return 0;
	return kib;
}

static uint64_t below(pid_t pid, int depth)
{
	auto_buf struct buf file = { 0 };
	uint64_t sum = pss_of(pid);
	char name[64];
	const char *at;
	int child, used;

	(void)snprintf(name, sizeof(name), "task/%d/children", (int)pid);
	load(pid, name, &file);
	at = file.size ? file.bytes : "";
	for (; depth < DEPTH_MAX && sscanf(at, "%d%n", &child, &used) == 1; at += used)
		sum += below(child, depth + 1);
	return sum;
}

uint64_t pss_of_tree(pid_t pid)
{
	return below(pid, 0);
}
