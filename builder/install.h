/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "builder/build.h"

/* Puts process 1, the skeleton and the boot record into the tree, as the request says. */
int install(const struct build_request *request, struct build *b, struct err *e) must_check;
