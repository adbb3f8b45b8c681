/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/janitor.h"

#include <fcntl.h>

#include "lib/auto.h"

struct work {
	const struct cgroup *cgroup;
	int terminal;
	const struct termios *settings;
};

static void clean(void *context)
{
	const struct work *w = context;

	if (w->terminal >= 0)
		(void)tcsetattr(w->terminal, TCSANOW, w->settings);
	cgroup_remove(w->cgroup);
}

int janitor_start(struct after *j, const struct cgroup *c, int terminal,
	const struct termios *settings, struct err *e)
{
	/* The janitor has no standard streams. */
	auto_close int own = terminal < 0 ? -1 : fcntl(terminal, F_DUPFD_CLOEXEC, 3);
	struct work w = { c, own, settings };

	return after_start(j, "cbox-janitor", clean, &w, e);
}
