/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "init/signals.h"

/*
 * cinit's command line: tini's options and a few more (options.def), which end at the first
 * word that is not one. Some are variables of the environment too (CINIT_SUBREAPER,
 * CINIT_KILL_PROCESS_GROUP, CINIT_VERBOSITY), for where the command line is somebody else's.
 */
enum { OPTIONS_DELAYS = 8, OPTIONS_SECONDS_MAX = 1000000 };

struct delay {
	int signal;
	uint32_t ms;
};

struct options {
	bool subreaper, group, warn, keep, facts, grace_given;
	int verbosity; /* enum say_level; SAY_WARNING to start with */
	int parent_death;
	int boot_fd;                      /* -1: none */
	uint32_t grace;                   /* milliseconds */
	uint8_t rewrite[SIGNALS_MAX + 1]; /* by signal: what it is forwarded as; 0 drops it */
	uint32_t remap[256 / 32];         /* bits of the statuses that become 0 */
	struct delay delays[OPTIONS_DELAYS];
	int delay_count;
};

/* The defaults, and what CINIT_… in the environment says. */
void options_init(struct options *o, const char *const *env);

/*
 * Parses argv[1 …]; returns the index of the first word that is no option. What is wrong is
 * reported, and ends cinit with status 2; --help and --version end it with 0.
 */
int options_parse(struct options *o, char **argv);
