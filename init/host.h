/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"

/* What a machine gets from its host: the time, and entropy, credited in full (random(4)). */
void host_clock(const struct boot *b, int verbosity);
void host_seed(const struct boot *b, int verbosity);
