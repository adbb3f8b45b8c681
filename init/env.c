/* SPDX-License-Identifier: Apache-2.0 */
#include "init/env.h"

#include <stddef.h>
#include <string.h>

const char *env_get(const char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, length) && (*env)[length] == '=')
			return *env + length + 1;
	return NULL;
}
