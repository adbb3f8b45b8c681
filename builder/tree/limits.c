/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/limits.h"

#include <inttypes.h>

/* Small ones may well be nothing but zeros. */
enum { RATIO_FROM = 64 * 1024 * 1024 };

int limits_check(const struct limits *l, uint64_t taken, uint64_t given, struct err *e)
{
	if (l->size && given > l->size)
		return err_hint(e,
			err_set(e, -EFBIG, "unpacks to more than %" PRIu64 " bytes", l->size),
			"--max-size allows more");
	if (l->ratio && given > RATIO_FROM && given / l->ratio > taken)
		return err_hint(e,
			err_set(e, -EFBIG, "unpacks to more than %" PRIu64 " times its size",
				l->ratio),
			"--max-ratio allows more");
	return 0;
}
