/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/attr.h"

/*
 * Just enough of 64-bit ELF to know a kernel that boots by PVH and to read a module's .modinfo.
 * Nothing in the file is believed: every offset is checked against the size.
 */

bool elf_is(const char *bytes, size_t size);

/* A kernel with the note XEN_ELFNOTE_PHYS32_ENTRY: the entry that QEMU starts without a BIOS.
 */
bool elf_boots_by_pvh(const char *bytes, size_t size);

/* The section of that name, NULL where there is none; *length in bytes. */
const char *elf_section(const char *bytes, size_t size, const char *name, size_t *length);
