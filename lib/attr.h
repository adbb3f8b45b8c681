/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The compiler attributes that this project uses, by name: the only syntax beyond C17.
 */

#define must_check          __attribute__((warn_unused_result))
#define printf_like(fmt, a) __attribute__((format(printf, fmt, a)))
#define never_returns       __attribute__((noreturn))
#define released_by(f)      __attribute__((cleanup(f)))
#define unused_ok           __attribute__((unused))
#define returns_memory      __attribute__((malloc, returns_nonnull, warn_unused_result))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
