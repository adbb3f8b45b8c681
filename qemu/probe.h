/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Does KVM really work here? That /dev/kvm opens, makes a machine and runs a few instructions
 * proves nothing: on hosts that are machines themselves, ring 0 may run a thousand times too
 * slowly, or emulated, until QEMU hangs. So a loop of 200,000 instructions has to end in 20 ms.
 */
enum probe_verdict {
	PROBE_WORKS,
	PROBE_MISSING,   /* no /dev/kvm */
	PROBE_FORBIDDEN, /* we may not open it */
	PROBE_BROKEN,    /* it makes no machine, or the machine stops */
	PROBE_SLOW,      /* the loop did not end in time */
};

/* In words: "works", "too slow to boot with". */
const char *probe_text(enum probe_verdict v);

/* Runs the loop, in a child of its own that is killed when it hangs. Twice before it is slow.
 */
enum probe_verdict probe_kvm(void);

/* In the child: runs the loop in this process; the time limit is the caller's. */
enum probe_verdict probe_loop(void);

/*
 * Rate of the time stamp counter in kHz, measured over some milliseconds; 0 where there is
 * none. A guest that is emulated reads the host's counter, and cannot find out its rate itself
 * when the host is busy.
 */
uint64_t probe_tsc_khz(void);

struct probe {
	enum probe_verdict kvm;
	uint64_t tsc_khz;
};

/* Both, from the cache where they were found since the host's boot; else measured and kept. */
struct probe probe_host(void);
