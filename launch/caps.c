/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/caps.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>

enum { CAPS = 64 };

int caps_add(uint64_t *mask, const char *name, struct err *e)
{
	char full[64];
	cap_value_t cap;

	if (!strcasecmp(name, "ALL")) {
		*mask |= CAPS_ALL;
		return 0;
	}
	(void)snprintf(
		full, sizeof(full), "%s%s", strncasecmp(name, "CAP_", 4) ? "cap_" : "", name);
	/* libcap takes numbers too; names are what a person can check. */
	if (full[4] >= '0' && full[4] <= '9')
		return err_set(e, -EINVAL, "'%s' is not the name of a capability", name);
	if (cap_from_name(full, &cap) < 0 || cap >= CAPS)
		return err_set(e, -EINVAL, "'%s' is not the name of a capability", name);
	*mask |= UINT64_C(1) << cap;
	return 0;
}

int caps_bound(uint64_t keep, struct err *e)
{
	for (int cap = 0; cap < CAPS; cap++) {
		if (keep >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, (unsigned long)cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* the kernel knows no more */
			break;
		return err_sys(e, "cannot drop a capability from the bounding set");
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, "cannot empty the ambient capability set");
	return 0;
}

const char *caps_text(uint64_t mask, char *to, unsigned size)
{
	size_t used = 0;

	to[0] = '\0';
	for (int cap = 0; cap < CAPS; cap++) {
		char *name = mask >> cap & 1 ? cap_to_name(cap) : NULL;

		if (!name)
			continue;
		if (used + strlen(name) + 2 < size)
			used += (size_t)snprintf(
				to + used, size - used, "%s%s", used ? "," : "", name);
		(void)cap_free(name);
	}
	return to;
}
