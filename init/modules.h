/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "boot/boot.h"

/* Loads kernel modules in order. One that is loaded already is fine; what fails is said. */
void modules_load(const struct boot_list *modules, int verbosity);
