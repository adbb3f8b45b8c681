/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * Signals by the kernel's numbers, 1 to 64, through raw rt_sig* system calls: musl keeps 32 to
 * 34 to itself and counts SIGRTMIN from 35, where the kernel counts from 32, and Docker and
 * systemd from 34. A set is a word with bit n-1 for signal n.
 */
enum { SIGNALS_MAX = 64, SIGNALS_RTMIN = 34, SIGNALS_NAME_MAX = 40 };

#define SIGNALS_ALL UINT64_MAX

static inline uint64_t signals_bit(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

/* Replaces the mask of blocked signals and returns the one before. */
uint64_t signals_block(uint64_t set);

/* Waits for one of the set, for ever when timeout is NULL. Its number, or -EAGAIN or -EINTR. */
int signals_wait(uint64_t set, siginfo_t *info, const struct timespec *timeout);

bool signals_is_ignored(int signal);

/* Sets the disposition, SIG_DFL or SIG_IGN only, with SA_… flags. */
void signals_set(int signal, void (*disposition)(int), unsigned long flags);

/* Sends as kill(2), or, one that came by sigqueue(3), with what it carried. 0 or -errno. */
int signals_pass_on(pid_t to, int signal, const siginfo_t *info);

/*
 * The number of a signal by name or number: "TERM", "SIGTERM", "15", "RTMIN+3", "SIGRTMAX-1".
 * `length` bytes are read. -1 where there is none; "0" is 0 (no signal).
 */
int signals_number(const char *name, size_t length);

/* "SIGTERM", "SIGRTMIN+3", in the caller's buffer. */
const char *signals_name(int signal, char buffer[SIGNALS_NAME_MAX]);
