/* SPDX-License-Identifier: Apache-2.0 */
#include "init/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "init/forward.h"
#include "init/power.h"
#include "init/say.h"

int control_listen(int fd)
{
	/* F_SETSIG, even with the usual signal, makes the kernel say which descriptor. */
	if (fcntl(fd, F_SETSIG, SIGIO) < 0 || fcntl(fd, F_SETOWN, getpid()) < 0)
		return -errno;
	return fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0 ? -errno : 0;
}

/* One byte is enough to be told of; the rest are read with it. */
static void make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return;
	cfmakeraw(&t);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	(void)tcsetattr(fd, TCSANOW, &t);
}

void control_open(struct init *in, const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), r;

	if (fd < 0) {
		say(in->options.verbosity, SAY_WARNING, "no control channel '%s': %e", path,
			errno);
		return;
	}
	make_raw(fd);
	r = control_listen(fd);
	if (r < 0)
		say(in->options.verbosity, SAY_WARNING, "cannot listen to '%s': %e", path, -r);
	in->control = fd;
}

static void set_size(uint32_t rows, uint32_t columns)
{
	struct winsize size = { (unsigned short)rows, (unsigned short)columns, 0, 0 };

	(void)ioctl(STDIN_FILENO, TIOCSWINSZ, &size);
}

static void obey(struct init *in, const struct boot_message *m)
{
	if (m->word == BOOT_WORD_SIGNAL && m->first >= 1 && m->first <= SIGNALS_MAX)
		forward_now(in, (int)m->first, NULL);
	else if (m->word == BOOT_WORD_STOP)
		forward_now(in, in->stop_signal, NULL);
	else if (m->word == BOOT_WORD_SIZE)
		set_size(m->first, m->second);
}

void control_heard(struct init *in, int fd)
{
	struct boot_message m;
	char c;

	if (fd != in->control) {
		if (power_pressed(fd))
			forward_now(in, in->stop_signal, NULL);
		return;
	}
	while (read(fd, &c, 1) == 1) {
		if (c != '\n') {
			if (in->heard_size < sizeof(in->heard))
				in->heard[in->heard_size++] = c;
			continue;
		}
		m = boot_message_decode(in->heard, in->heard_size);
		in->heard_size = 0;
		obey(in, &m);
	}
}

void control_say(const struct init *in, enum boot_word word, int number)
{
	const struct boot_message m = { .word = word, .first = (uint32_t)number };
	char line[BOOT_MESSAGE_MAX];
	size_t size, done = 0;

	if (in->control < 0)
		return;
	size = boot_message_encode(&m, line);
	(void)fcntl(in->control, F_SETFL, 0);
	while (done < size) {
		ssize_t n = write(in->control, line + done, size - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	(void)tcdrain(in->control);
	(void)fcntl(in->control, F_SETFL, O_NONBLOCK | O_ASYNC);
}
