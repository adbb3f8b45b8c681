/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spawn.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/tap.h"

static int memory_with(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (write(fd, text, strlen(text)) < 0)
		return -1;
	return fd;
}

static void further_descriptors_arrive_in_their_order(void)
{
	static const char *const argv[] = { "cat", "/dev/fd/3", "/dev/fd/5", NULL };
	const int more[] = { memory_with("one "), -1, memory_with("two") };
	const int out = memfd_create("out", MFD_CLOEXEC);
	const struct spawn s = { .argv = argv,
		.dir = -1,
		.in = -1,
		.out = out,
		.error = -1,
		.more = more,
		.more_count = 3 };
	char text[16] = "";
	struct err e;
	pid_t pid;

	check_int(spawn_start(&s, &pid, &e), 0);
	check_int(spawn_wait(pid, "cat", &e), 0);
	check_int(pread(out, text, sizeof(text) - 1, 0), 7);
	check_text(text, "one two");
	(void)close(out);
	(void)close(more[0]);
	(void)close(more[2]);
}

/* Each of the descriptors wants the place that another has. */
static void descriptors_that_swap_places_are_not_overwritten(void)
{
	static const char *const argv[] = { "cat", "/dev/fd/3", "/dev/fd/4", NULL };
	int first = memory_with("first "), second = memory_with("second");
	const int out = memfd_create("out", MFD_CLOEXEC);
	int saved[2] = { dup(3), dup(4) };
	const int more[] = { 4, 3 };
	const struct spawn s = { .argv = argv,
		.dir = -1,
		.in = -1,
		.out = out,
		.error = -1,
		.more = more,
		.more_count = 2 };
	int copies[2] = { fcntl(first, F_DUPFD, 20), fcntl(second, F_DUPFD, 20) };
	int target = fcntl(out, F_DUPFD, 20);
	struct spawn moved = s;
	char text[16] = "";
	struct err e;
	pid_t pid;

	moved.out = target;
	check_int(dup2(copies[0], 4), 4);
	check_int(dup2(copies[1], 3), 3);
	check_int(spawn_start(&moved, &pid, &e), 0);
	check_int(spawn_wait(pid, "cat", &e), 0);
	check_int(pread(target, text, sizeof(text) - 1, 0), 12);
	check_text(text, "first second");
	for (int i = 0; i < 2; i++) {
		(void)close(copies[i]);
		(void)close(saved[i]);
	}
	(void)close(target);
}

static void a_program_that_is_not_there_is_named(void)
{
	static const char *const argv[] = { "no-such-program", NULL };
	const struct spawn s = { .argv = argv, .dir = -1, .in = -1, .out = -1, .error = -1 };
	struct err e;
	pid_t pid;

	check_int(spawn_start(&s, &pid, &e), -ENOENT);
	check_text(e.text, "cannot start 'no-such-program': No such file or directory");
}

static void a_status_that_is_not_zero_is_told(void)
{
	static const char *const argv[] = { "false", NULL };
	struct buf out = { 0 };
	struct err e;

	check_int(spawn_capture(argv, &out, &e), -EIO);
	check_text(e.text, "'false' exited with status 1");
	buf_release(&out);
}

int main(void)
{
	RUN(further_descriptors_arrive_in_their_order);
	RUN(a_program_that_is_not_there_is_named);
	RUN(a_status_that_is_not_zero_is_told);
	RUN(descriptors_that_swap_places_are_not_overwritten);
	return tap_done();
}
