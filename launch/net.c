/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/net.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/auto.h"

int net_loopback(struct err *e)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "cannot make a socket");
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return err_sys(e, "cannot bring up the loopback interface");
	return 0;
}
