/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tell/bar.h"

#include "tests/unit/tap.h"

static const struct bar half = { "layer 2 of 6", 50 << 20, 100 << 20, 10 };

static void check_line(const struct bar *b, size_t columns, const char *want)
{
	auto_buf struct buf line = { 0 };

	bar_line(b, columns, &line);
	check_text(line.bytes, want);
	check(line.size <= columns);
}

static void a_wide_terminal_shows_all_of_it(void)
{
	check_line(&half, 100,
		"layer 2 of 6 [=================>                ]   50%  0:10 left  "
		"50.0 MiB of 100.0 MiB  5.0 MiB/s");
}

static void a_narrow_one_shows_what_matters_most(void)
{
	check_line(
		&half, 64, "layer 2 of 6   50%  0:10 left  50.0 MiB of 100.0 MiB  5.0 MiB/s");
	check_line(&half, 62, "layer 2 of 6   50%  0:10 left  50.0 MiB of 100.0 MiB");
	check_line(&half, 40, "layer 2 of 6   50%  0:10 left");
	check_line(&half, 20, "layer 2 of 6   50%");
	check_line(&half, 14, "layer 2 of 6");
	check_line(&half, 7, "layer 2");
	check_line(&half, 0, "");
}

static void no_width_is_too_small_or_too_large(void)
{
	for (size_t columns = 0; columns < 300; columns++) {
		auto_buf struct buf line = { 0 };

		bar_line(&half, columns, &line);
		if (!check(line.size <= columns))
			printf("# at %zu\n", columns);
	}
}

static void what_is_not_known_is_not_shown(void)
{
	check_line(
		&(struct bar){ "reading", 3 << 20, 0, 1.5 }, 80, "reading  3.0 MiB  2.0 MiB/s");
	check_line(&(struct bar){ "layer 1 of 1", 0, 1000, 0 }, 41,
		"layer 1 of 1    0%  0 bytes of 1000 bytes");
}

static void more_than_all_is_all(void)
{
	check_line(&(struct bar){ "x", 300, 200, 1 }, 20, "x  100%  0:00 left");
}

static void long_times_have_hours(void)
{
	check_line(&(struct bar){ "x", 1 << 20, (uint64_t)7325 << 20, 1 }, 30,
		"x    0%  2:02:04 left");
	check_line(&(struct bar){ "x", 1, UINT64_MAX, 1000 }, 20, "x    0%");
}

int main(void)
{
	RUN(a_wide_terminal_shows_all_of_it);
	RUN(a_narrow_one_shows_what_matters_most);
	RUN(no_width_is_too_small_or_too_large);
	RUN(what_is_not_known_is_not_shown);
	RUN(more_than_all_is_all);
	RUN(long_times_have_hours);
	return tap_done();
}
