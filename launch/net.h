/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/attr.h"
#include "lib/err.h"

/* Brings up the loopback interface of this network namespace, with 127.0.0.1 and ::1. */
int net_loopback(struct err *e) must_check;
