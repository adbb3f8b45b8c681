/* SPDX-License-Identifier: Apache-2.0 */
#include "init/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "init/say.h"

enum { SECOND = 1000000000 };

void host_clock(const struct boot *b, int verbosity)
{
	struct timespec want, now = { 0 };
	long off;

	if (!b->clock)
		return;
	want.tv_sec = (time_t)(b->clock / SECOND);
	want.tv_nsec = (long)(b->clock % SECOND);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	off = (long)(want.tv_sec - now.tv_sec);
	if (off >= -1 && off <= 1)
		return;
	if (clock_settime(CLOCK_REALTIME, &want) < 0)
		say(verbosity, SAY_WARNING, "cannot set the clock: %e", errno);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void host_seed(const struct boot *b, int verbosity)
{
	struct {
		int bits, size;
		unsigned char bytes[BOOT_SEED_MAX];
	} pool = { 0 }; /* struct rand_pool_info, with room */
	size_t length = b->seed ? strlen(b->seed) / 2 : 0;
	int fd;

	if (!length || length > sizeof(pool.bytes))
		return;
	for (size_t i = 0; i < length; i++) {
		int high = nibble(b->seed[2 * i]), low = nibble(b->seed[2 * i + 1]);

		if (high < 0 || low < 0)
			return;
		pool.bytes[i] = (unsigned char)(high << 4 | low);
	}
	pool.size = (int)length;
	pool.bits = (int)length * 8;
	fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) < 0)
		say(verbosity, SAY_WARNING, "cannot take the host's entropy: %e", errno);
	if (fd >= 0)
		(void)close(fd);
}
