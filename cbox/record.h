/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot.h"
#include "cbox/options.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"

/*
 * The boot record of a root on its way to process 1: taken from the root, changed as the
 * command line says, and encoded anew. Whatever the command line names (users, capabilities,
 * signals) is resolved here, so that process 1 gets numbers.
 */
struct record {
	struct boot boot; /* its texts point into bytes, the arena and argv */
	struct buf bytes;
	struct arena arena;
	bool found; /* the root has a record */
};

/* What holds where neither the record nor the command line says anything. */
struct record_usual {
	uint64_t caps; /* of the payload's root; BOOT_CAPS_KEEP: process 1's */
	bool no_new_privs;
};

void record_init(struct record *r);
void record_release(struct record *r);

/* A name for what is not named: twelve hexadecimal digits, as docker's short ids. */
int record_random_name(struct record *r, const char **name, struct err *e) must_check;

/*
 * Reads BOOT_PATH below `root`; a root without one leaves the defaults and r->found false. A
 * record that is no good is an error.
 */
int record_load(struct record *r, int root, struct err *e) must_check;

/* Decodes what the caller has put into r->bytes: a record from elsewhere than a directory. */
int record_decode(struct record *r, struct err *e) must_check;

/*
 * Changes it as the options say. `command` (NULL-ended, may be empty) replaces the image's own
 * command and keeps its entrypoint. Users are looked up below `root`, which may be -1 where the
 * root is not a directory: then only numbers are understood.
 */
int record_change(struct record *r, const struct cbox_row *row, const char *const *command,
	int root, const struct record_usual *usual, struct err *e) must_check;

/* Appends the whole record as process 1 reads it to `out`. */
int record_encode(const struct record *r, struct buf *out, struct err *e) must_check;
