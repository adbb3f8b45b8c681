/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The value of a variable in an environment, NULL-ended; NULL where it is not set. */
const char *env_get(const char *const *env, const char *name);
