/* SPDX-License-Identifier: Apache-2.0 */
#include "init/memory.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Set by hot.ld; a build without it keeps its pages. */
extern const char init_hot_end[] __attribute__((weak));
extern const char init_cold_end[] __attribute__((weak));

enum { PAGE = 4096, STACK_USED = 64 * 1024 };

static void let_go(uintptr_t from, uintptr_t to)
{
	/*
	 * MADV_RANDOM is for the split: the kernel maps what is around a page that is touched
	 * as far as the mapping goes, and with another flag the hot part is a mapping of its
	 * own.
	 */
	(void)syscall(SYS_madvise, from, to - from, MADV_RANDOM);
	(void)syscall(SYS_madvise, from, to - from, MADV_DONTNEED);
}

void memory_trim(void)
{
	uintptr_t hot = ((uintptr_t)init_hot_end + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	uintptr_t cold = (uintptr_t)init_cold_end & ~(uintptr_t)(PAGE - 1);
	const char here = 0;
	uintptr_t stack = (uintptr_t)&here & ~(uintptr_t)(PAGE - 1);

	if (!hot || cold <= hot)
		return;
	let_go(hot, cold);
	/* Only whole pages below the one that is in use, which no frame reaches now. */
	(void)syscall(SYS_madvise, stack - STACK_USED, STACK_USED - PAGE, MADV_DONTNEED);
}
