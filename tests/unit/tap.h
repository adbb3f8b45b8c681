/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>
#include <string.h>

/*
 * Unit tests that speak TAP. A test is a function whose name is a sentence about behaviour:
 *
 *	static void opaque_dir_hides_lower_files(void)
 *	{
 *		check_int(tree_resolve(…), 0);
 *		check_text(dump, "…");
 *	}
 *
 *	int main(void)
 *	{
 *		RUN(opaque_dir_hides_lower_files);
 *		return tap_done();
 *	}
 *
 * A failed check says where and what, and the test goes on. Needs only libc, so that the same
 * program also runs static in a container or a machine.
 */

static struct {
	int number, failed; /* tests, and those that failed */
	int checks_failed;  /* in this test */
	const char *skip;
} tap;

#define check(condition) tap_check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define check_int(got, want) \
	tap_int((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define check_text(got, want) tap_text((got), (want), #got, __FILE__, __LINE__)
#define SKIP(reason)                 \
	do {                         \
		tap.skip = (reason); \
		return;              \
	} while (0)
#define RUN(test) tap_run((test), #test)

static inline int tap_check(int good, const char *what, const char *file, int line)
{
	if (!good) {
		tap.checks_failed++;
		printf("# %s:%d: not so: %s\n", file, line, what);
	}
	return good;
}

static inline int tap_int(
	long long got, long long want, const char *what, const char *file, int line)
{
	if (got != want) {
		tap.checks_failed++;
		printf("# %s:%d: %s is %lld, not %lld\n", file, line, what, got, want);
	}
	return got == want;
}

static inline int tap_text(
	const char *got, const char *want, const char *what, const char *file, int line)
{
	int same = got && want ? !strcmp(got, want) : got == want;

	if (!same) {
		tap.checks_failed++;
		printf("# %s:%d: %s is:\n#   %s\n# not:\n#   %s\n", file, line, what,
			got ? got : "(null)", want ? want : "(null)");
	}
	return same;
}

static inline void tap_run(void (*test)(void), const char *name)
{
	tap.checks_failed = 0;
	tap.skip = NULL;
	test();
	tap.number++;
	tap.failed += tap.checks_failed ? 1 : 0;
	printf("%sok %d - ", tap.checks_failed ? "not " : "", tap.number);
	for (; *name; name++)
		putchar(*name == '_' ? ' ' : *name);
	if (tap.skip)
		printf(" # SKIP %s", tap.skip);
	putchar('\n');
	(void)fflush(stdout);
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap.number);
	return tap.failed ? 1 : 0;
}
