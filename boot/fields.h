/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"

/*
 * fields.def as a table, for decoder and encoder: nobody else includes this. Kinds name how a
 * value is written; offset is the member's in struct boot (for MOUNT: in struct boot_mount).
 */
enum field_kind {
	KIND_TEXT,
	KIND_LIST,
	KIND_U32,
	KIND_U64,
	KIND_OCTAL,
	KIND_HEX,
	KIND_BOOL,
	KIND_IDS,
	KIND_LIMITS,
	KIND_MOUNTS,
	KIND_MOUNT,
	KIND_ROOT_MODE,
	KIND_FINISH,
};

struct field {
	const char *key;
	enum field_kind kind;
	uint32_t offset;
};

extern const struct field boot_fields[];
extern const size_t boot_field_count;

/* The words of enum boot_root_mode and boot_finish by value; NULL for one without a word. */
extern const char *const boot_root_mode_words[3];
extern const char *const boot_finish_words[5];
