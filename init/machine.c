/* SPDX-License-Identifier: Apache-2.0 */
#include "init/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/console.h"
#include "init/control.h"
#include "init/host.h"
#include "init/modules.h"
#include "init/mounts.h"
#include "init/net.h"
#include "init/power.h"
#include "init/root.h"
#include "init/say.h"
#include "init/watch.h"

/* PROC_PID_INIT_INO: the number of the first pid namespace, since Linux 3.8. */
#define FIRST_PID_NAMESPACE 0xeffffffcU

bool machine_is(int verbosity)
{
	struct stat st;

	mounts_proc(verbosity);
	/*
	 * A kernel starts kthreadd, 2, before any other process; a fresh pid namespace has no
	 * 2, and then /proc, which would have to make its entries first, need not be asked.
	 */
	if (kill(2, 0) < 0 && errno == ESRCH)
		return false;
	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PID_NAMESPACE;
}

/* An initramfs without /dev/console leaves process 1 without descriptors. */
static void open_descriptors(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	while (fd >= 0 && fd < 3) {
		int next = dup(fd);

		if (next < 0 || next > 2) {
			if (next > 2)
				(void)close(next);
			return;
		}
		fd = next;
	}
	if (fd > 2)
		(void)close(fd);
}

int machine_up(struct init *in, struct record *r)
{
	int verbosity = in->options.verbosity, result;
	const struct boot *b = &r->boot;

	mounts_early(verbosity);
	open_descriptors();
	result = record_load(r, in);
	if (result == -ENOENT)
		say(verbosity, SAY_ERROR, "no boot record, neither from the host nor as '%s'",
			BOOT_PATH);
	if (result < 0)
		return result;
	if (b->control)
		control_open(in, b->control);
	modules_load(&b->modules, verbosity);
	host_seed(b, verbosity);
	host_clock(b, verbosity);
	if (b->root) {
		result = root_switch(b, verbosity);
		if (result < 0)
			return result;
	}
	mounts_late(verbosity);
	mounts_add(&b->mounts, verbosity);
	net_loopback(verbosity);
	net_interface(b, verbosity);
	net_names(b, verbosity);
	console_open(in, b);
	power_listen(in->watch);
	return 0;
}

void machine_down(struct init *in)
{
	/* The host may end the machine as soon as it has heard: so first what must not be lost.
	 */
	root_settle();
	if (in->watch->relays)
		relay_finish(&in->watch->relay);
	console_drain();
	if (in->killed_by)
		control_say(in, BOOT_WORD_SIGNAL, (uint32_t)in->killed_by);
	else
		control_say(in, BOOT_WORD_EXIT, (uint32_t)in->status);
	if (in->watch->control < 0 && in->status)
		say(in->options.verbosity, SAY_WARNING, "the payload ended with status %d",
			in->status);
	console_drain();
	power_end(in->finish);
}
