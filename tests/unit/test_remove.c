/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "tests/unit/tap.h"

static int scratch(char path[64])
{
	(void)snprintf(
		path, 64, "%s/remove-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	return mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static void touch(int dir, const char *path)
{
	auto_close int fd = openat(dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	check(fd >= 0);
}

static void what_is_missing_is_removed(void)
{
	char path[64];
	auto_close int dir = scratch(path);

	check_int(remove_below(dir, "nothing"), 0);
	check_int(rmdir(path), 0);
}

static void a_tree_goes_and_what_its_links_name_stays(void)
{
	char path[64];
	auto_close int dir = scratch(path);

	check_int(mkdirat(dir, "stays", 0700), 0);
	touch(dir, "stays/file");
	check_int(mkdirat(dir, "a", 0700), 0);
	check_int(mkdirat(dir, "a/b", 0700), 0);
	check_int(mkdirat(dir, "a/b/c", 0), 0);
	check_int(mkdirat(dir, "a/d", 0700), 0);
	touch(dir, "a/d/file");
	check_int(symlinkat("../stays", dir, "a/link"), 0);
	check_int(fchmodat(dir, "a/d", 0, 0), 0);
	check_int(remove_below(dir, "a"), 0);
	check_int(faccessat(dir, "a", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	check_int(faccessat(dir, "stays/file", F_OK, 0), 0);
	check_int(remove_below(dir, "stays"), 0);
	check_int(rmdir(path), 0);
}

static void a_link_goes_and_not_what_it_names(void)
{
	char path[64];
	auto_close int dir = scratch(path);

	check_int(mkdirat(dir, "stays", 0700), 0);
	check_int(symlinkat("stays", dir, "link"), 0);
	check_int(remove_below(dir, "link"), 0);
	check_int(faccessat(dir, "stays", F_OK, 0), 0);
	check_int(remove_below(dir, "stays"), 0);
	check_int(rmdir(path), 0);
}

static void any_depth_takes_few_descriptors(void)
{
	enum { DEPTH = 3000 };
	char path[64];
	auto_close int dir = scratch(path);
	int at = fcntl(dir, F_DUPFD_CLOEXEC, 3);

	for (int i = 0; i < DEPTH; i++) {
		int next;

		check_int(mkdirat(at, "d", 0700), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	check_int(remove_below(dir, "d"), 0);
	check_int(rmdir(path), 0);
}

int main(void)
{
	RUN(what_is_missing_is_removed);
	RUN(a_tree_goes_and_what_its_links_name_stays);
	RUN(a_link_goes_and_not_what_it_names);
	RUN(any_depth_takes_few_descriptors);
	return tap_done();
}
