/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>

#include "lib/attr.h"

/*
 * One error, described where it was met and placed by those above. A function that can fail
 * returns 0 or -errno and takes a struct err last; whoever meets the failure describes it
 * (err_set, err_sys), whoever knows where adds the place in front (err_at), and only main
 *prints.
 *
 *	if (r < 0)
 *		return err_at(e, r, "layer %zu: ", i + 1);
 *
 * The text is cut at the end when it is too long; control characters in it are shown as \xNN,
 * so that a name out of an image cannot drive the terminal or add a line.
 */

struct err {
	char text[2048];
};

/* Describes the failure and returns code, which is a negative errno. */
int err_set(struct err *e, int code, const char *format, ...) printf_like(3, 4);

/* As err_set with -errno, adding ": " and errno's text. */
int err_sys(struct err *e, const char *format, ...) printf_like(2, 3);

/* As err_sys for a failure that came back as -errno in code. */
int err_code(struct err *e, int code, const char *format, ...) printf_like(3, 4);

/* Puts a place in front of what e says already; returns code. */
int err_at(struct err *e, int code, const char *format, ...) printf_like(3, 4);

/* Puts a way out behind what e says: "…; what to do". Returns code. */
int err_hint(struct err *e, int code, const char *format, ...) printf_like(3, 4);

/* tests/lint.sh defines this for the analyzers, which see one file at a time. */
#ifdef ANALYZED
static inline int err_is(int said, int code)
{
	(void)said;
	return code;
}
#define err_set(e, code, ...)  err_is(err_set(e, code, __VA_ARGS__), code)
#define err_sys(e, ...)        err_is(err_sys(e, __VA_ARGS__), -EIO)
#define err_code(e, code, ...) err_is(err_code(e, code, __VA_ARGS__), code)
#define err_at(e, code, ...)   err_is(err_at(e, code, __VA_ARGS__), code)
#define err_hint(e, code, ...) err_is(err_hint(e, code, __VA_ARGS__), code)
#endif
