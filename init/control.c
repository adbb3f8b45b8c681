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
#include "init/say.h"
#include "init/watch.h"

void control_make_raw(int fd)
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
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		say(in->options.verbosity, SAY_WARNING, "no control channel '%s': %e", path,
			errno);
		return;
	}
	control_make_raw(fd);
	in->watch->control = fd;
}

static void set_size(uint32_t rows, uint32_t columns)
{
	const struct winsize size = { (unsigned short)rows, (unsigned short)columns, 0, 0 };

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
	else if (m->word == BOOT_WORD_EOF && in->watch->relays)
		relay_end_input(&in->watch->relay, m->first);
}

void control_heard(struct init *in)
{
	struct watch *w = in->watch;
	struct boot_message m;
	char c;

	while (read(w->control, &c, 1) == 1) {
		if (c != '\n') {
			if (w->heard_size < sizeof(w->heard))
				w->heard[w->heard_size++] = c;
			continue;
		}
		m = boot_message_decode(w->heard, w->heard_size);
		w->heard_size = 0;
		obey(in, &m);
	}
}

void control_say(const struct init *in, enum boot_word word, uint32_t number)
{
	const struct boot_message m = { .word = word, .first = number };
	int fd = in->watch ? in->watch->control : -1;
	char line[BOOT_MESSAGE_MAX];
	size_t size, done = 0;

	if (fd < 0)
		return;
	size = boot_message_encode(&m, line);
	(void)fcntl(fd, F_SETFL, 0);
	while (done < size) {
		ssize_t n = write(fd, line + done, size - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	(void)tcdrain(fd);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
}
