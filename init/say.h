/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * What process 1 says, on standard error, a line at a time in one write, without stdio and
 * without memory. Nothing is ever said when all goes well.
 */
enum say_level { SAY_ERROR = 0, SAY_WARNING = 1, SAY_INFO = 2, SAY_DEBUG = 3 };

/*
 * "cinit: …" and a newline, when `level` is not above `verbosity`. The format knows %s, %d
 * (int), %l (long), and %e (the text of an errno given as int).
 */
void say(int verbosity, enum say_level level, const char *format, ...);

/* As say at SAY_ERROR, then exits with `status`. Not for process 1 of a machine. */
void say_and_exit(int status, const char *format, ...) __attribute__((noreturn));

/* Writes the number with its NUL at `to`, which holds 24 bytes; returns the length. */
size_t say_number(char *to, long number);
