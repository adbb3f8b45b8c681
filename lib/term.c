/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void term_init(struct term *t)
{
	t->fd = -1;
}

int term_raw(struct term *t, int fd, struct err *e)
{
	struct termios raw;

	if (t->fd >= 0)
		return 0;
	if (tcgetattr(fd, &t->old) < 0)
		return err_sys(e, "cannot read the terminal's settings");
	raw = t->old;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
		return err_sys(e, "cannot make the terminal raw");
	t->fd = fd;
	return 0;
}

void term_restore(struct term *t)
{
	int saved = errno;

	if (t->fd >= 0)
		(void)tcsetattr(t->fd, TCSADRAIN, &t->old);
	t->fd = -1;
	errno = saved;
}

bool term_can_draw(int fd)
{
	const char *name = getenv("TERM");

	return isatty(fd) && name && *name && strcmp(name, "dumb") != 0;
}

bool term_in_front(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

bool term_size(int fd, uint32_t *rows, uint32_t *columns)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return true;
}
