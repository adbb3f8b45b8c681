/* SPDX-License-Identifier: Apache-2.0 */
#include "init/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "init/control.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int open_port(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		control_make_raw(fd);
	return fd;
}

/* One end is the payload's, and blocks; ours does not. */
static int open_pipe(struct relay *r, enum relay_flow i, const char *port)
{
	struct flow *f = &r->flows[i];
	int ends[2], ours = i == RELAY_INPUT ? 1 : 0, fd = open_port(port);

	if (fd < 0)
		return -errno;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		int error = errno;

		(void)close(fd);
		return -error;
	}
	(void)fcntl(ends[ours], F_SETFL, O_NONBLOCK);
	f->from = i == RELAY_INPUT ? fd : ends[ours];
	f->to = i == RELAY_INPUT ? ends[ours] : fd;
	r->theirs[i] = ends[!ours];
	return 0;
}

int relay_open(struct relay *r, const struct boot *b)
{
	const char *error_port = b->console_error ? b->console_error : b->console;
	int result = 0;

	r->taken = r->told = r->end = 0;
	r->end_known = false;
	for (int i = 0; i < RELAY_FLOWS; i++) {
		r->flows[i].from = r->flows[i].to = r->theirs[i] = -1;
		r->flows[i].at = r->flows[i].size = 0;
	}
	if (!b->no_stdin)
		result = open_pipe(r, RELAY_INPUT, b->console);
	if (result == 0)
		result = open_pipe(r, RELAY_OUTPUT, b->console);
	if (result == 0)
		result = open_pipe(r, RELAY_ERROR, error_port);
	for (int i = 0; result < 0 && i < RELAY_FLOWS; i++) {
		close_fd(&r->flows[i].from);
		close_fd(&r->flows[i].to);
		close_fd(&r->theirs[i]);
	}
	return result;
}

void relay_started(struct relay *r)
{
	for (int i = 0; i < RELAY_FLOWS; i++)
		close_fd(&r->theirs[i]);
}

/* Moves bytes from source to buffer to sink, as far as neither blocks. */
static size_t move(struct flow *f)
{
	size_t moved = 0;
	ssize_t n;

	for (;;) {
		if (!f->size && f->from >= 0) {
			n = read(f->from, f->bytes, sizeof(f->bytes));
			f->at = 0;
			f->size = n > 0 ? (size_t)n : 0;
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				close_fd(&f->from);
		}
		if (!f->size)
			return moved;
		n = f->to < 0 ? (ssize_t)f->size : write(f->to, f->bytes + f->at, f->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return moved;
		/* Nobody reads any more: what comes is taken, and goes nowhere. */
		if (n < 0) {
			close_fd(&f->to);
			continue;
		}
		f->at += (size_t)n;
		f->size -= (size_t)n;
		moved += (size_t)n;
	}
}

static void pump_input(struct relay *r, const struct init *in)
{
	struct flow *f = &r->flows[RELAY_INPUT];

	r->taken += (uint32_t)move(f);
	if (r->taken - r->told >= BOOT_INPUT_WINDOW / 4) {
		r->told = r->taken;
		control_say(in, BOOT_WORD_TAKEN, r->taken);
	}
	if (r->end_known && r->taken == r->end) {
		close_fd(&f->to);
		close_fd(&f->from);
	}
}

void relay_end_input(struct relay *r, uint32_t total)
{
	r->end = total;
	r->end_known = true;
}

int relay_poll(const struct relay *r, struct pollfd *fds)
{
	int count = 0;

	for (int i = 0; i < RELAY_FLOWS; i++) {
		const struct flow *f = &r->flows[i];

		if (f->size && f->to >= 0)
			fds[count++] = (struct pollfd){ f->to, POLLOUT, 0 };
		else if (f->from >= 0)
			fds[count++] = (struct pollfd){ f->from, POLLIN, 0 };
	}
	return count;
}

void relay_pump(struct relay *r, const struct init *in)
{
	pump_input(r, in);
	(void)move(&r->flows[RELAY_OUTPUT]);
	(void)move(&r->flows[RELAY_ERROR]);
}

void relay_finish(struct relay *r)
{
	for (int i = RELAY_OUTPUT; i < RELAY_FLOWS; i++) {
		struct flow *f = &r->flows[i];

		if (f->to < 0)
			continue;
		(void)fcntl(f->to, F_SETFL, 0);
		(void)move(f);
		(void)tcdrain(f->to);
	}
}
