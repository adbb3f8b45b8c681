/* SPDX-License-Identifier: Apache-2.0 */
#include "init/console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "init/say.h"
#include "init/watch.h"

static int open_first(const char *path)
{
	return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* /sys/class/tty/console/active: names of ttys, the last is what /dev/console stands for. */
static int open_tty(void)
{
	char names[128] = "", path[160] = "/dev/";
	int fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, names, sizeof(names) - 1);
	const char *last;

	if (fd >= 0)
		(void)close(fd);
	while (n > 0 && names[n - 1] == '\n')
		names[--n] = '\0';
	if (n <= 0)
		return open_first("/dev/console");
	last = strrchr(names, ' ');
	last = last ? last + 1 : names;
	memcpy(path + 5, last, strlen(last) + 1);
	fd = open_first(path);
	return fd < 0 ? open_first("/dev/console") : fd;
}

static void make_terminal(int fd, const struct boot *b)
{
	const struct winsize size = { (unsigned short)b->rows, (unsigned short)b->columns, 0,
		0 };

	if (b->rows && b->columns)
		(void)ioctl(fd, TIOCSWINSZ, &size);
}

static void become_standard(int fd)
{
	for (int i = 0; i < 3; i++)
		if (fd != i)
			(void)dup2(fd, i);
	if (fd > 2)
		(void)close(fd);
}

void console_open(struct init *in, const struct boot *b)
{
	int verbosity = in->options.verbosity, r, fd;

	if (b->console && !b->terminal) {
		r = relay_open(&in->watch->relay, b);
		in->watch->relays = r == 0;
		if (r < 0)
			say(verbosity, SAY_WARNING, "cannot open the console '%s': %e",
				b->console, -r);
		return;
	}
	fd = b->console ? open_first(b->console) : open_tty();
	if (fd < 0) {
		say(verbosity, SAY_WARNING, "no console: %e", errno);
		return;
	}
	make_terminal(fd, b);
	become_standard(fd);
}

void console_drain(void)
{
	(void)tcdrain(STDOUT_FILENO);
}
