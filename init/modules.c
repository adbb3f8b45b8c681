/* SPDX-License-Identifier: Apache-2.0 */
#include "init/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/say.h"

static int load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		r = -errno;
	(void)close(fd);
	return r;
}

void modules_load(const struct boot_list *modules, int verbosity)
{
	for (size_t i = 0; i < modules->count; i++) {
		int r = load(modules->items[i]);

		if (r < 0)
			say(verbosity, SAY_WARNING, "cannot load the module '%s': %e",
				modules->items[i], -r);
	}
}
