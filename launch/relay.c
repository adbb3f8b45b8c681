/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/relay.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/auto.h"

enum { IN, MASTER, OUT, END_OF_TRANSMISSION = 4 };

void relay_init(struct relay *r, bool interactive)
{
	*r = (struct relay){ .master = -1, .in = interactive ? 0 : -1, .out = 1, .tty = -1 };
	for (int fd = 0; fd < 2 && r->tty < 0; fd++)
		if (tcgetattr(fd, &r->saved) == 0)
			r->tty = fd;
}

int relay_start(struct relay *r, int master, struct err *e)
{
	struct termios raw = r->saved;

	r->master = master;
	if (fcntl(master, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "cannot prepare the terminal");
	if (r->tty < 0)
		return 0;
	cfmakeraw(&raw);
	if (tcsetattr(r->tty, TCSADRAIN, &raw) < 0)
		return err_sys(e, "cannot set the terminal");
	r->raw = true;
	return 0;
}

void relay_prepare(const struct relay *r, struct pollfd polls[RELAY_POLLS])
{
	bool typed = r->typed.end, shown = r->shown.end;

	polls[IN] = (struct pollfd){ typed ? -1 : r->in, POLLIN, 0 };
	polls[MASTER] = (struct pollfd){ r->master,
		(short)((typed ? POLLOUT : 0) | (shown ? 0 : POLLIN)), 0 };
	polls[OUT] = (struct pollfd){ shown ? r->out : -1, POLLOUT, 0 };
}

/* Fills an empty flow; false when nothing will come any more. */
static bool fill(struct relay_flow *f, int fd)
{
	ssize_t n = read(fd, f->bytes, sizeof(f->bytes));

	if (n > 0) {
		f->at = 0;
		f->end = (size_t)n;
	}
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Empties it as far as it goes; false when nobody takes it any more. */
static bool drain(struct relay_flow *f, int fd)
{
	ssize_t n = fd < 0 ? -1 : write(fd, f->bytes + f->at, f->end - f->at);

	if (n < 0 && fd >= 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	f->at += n < 0 ? f->end - f->at : (size_t)n;
	if (f->at == f->end)
		f->at = f->end = 0;
	return n >= 0;
}

/* The end of our input is what Ctrl-D is on a terminal. */
static void end_input(struct relay *r)
{
	r->in = -1;
	r->typed.bytes[0] = END_OF_TRANSMISSION;
	r->typed.at = 0;
	r->typed.end = 1;
}

void relay_move(struct relay *r, const struct pollfd polls[RELAY_POLLS])
{
	const short gone = POLLHUP | POLLERR | POLLNVAL;

	if (polls[OUT].revents && !drain(&r->shown, r->out))
		r->out = -1;
	if (polls[MASTER].revents & POLLOUT)
		(void)drain(&r->typed, r->master);
	if (polls[MASTER].revents & (POLLIN | gone) && !r->shown.end &&
		!fill(&r->shown, r->master))
		auto_close_fd(&r->master);
	if (r->shown.end && r->out < 0)
		r->shown.at = r->shown.end = 0;
	if (polls[IN].revents & (POLLIN | gone) && !r->typed.end && !fill(&r->typed, r->in))
		end_input(r);
	if (r->master < 0)
		r->typed.at = r->typed.end = 0;
}

void relay_resize(const struct relay *r)
{
	struct winsize size;

	if (r->master >= 0 && r->tty >= 0 && ioctl(r->tty, TIOCGWINSZ, &size) == 0)
		(void)ioctl(r->master, TIOCSWINSZ, &size);
}

void relay_finish(struct relay *r)
{
	while (r->out >= 0 && (r->shown.end || r->master >= 0)) {
		struct pollfd wait = { r->out, POLLOUT, 0 };

		if (r->shown.end) {
			(void)poll(&wait, 1, -1);
			if (!drain(&r->shown, r->out))
				break;
		} else if (!fill(&r->shown, r->master) || !r->shown.end) {
			break;
		}
	}
	if (r->raw)
		(void)tcsetattr(r->tty, TCSADRAIN, &r->saved);
	r->raw = false;
	auto_close_fd(&r->master);
}
