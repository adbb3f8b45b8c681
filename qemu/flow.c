/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/flow.h"

#include <errno.h>
#include <unistd.h>

void flow_init(struct flow *f, int from, int to)
{
	f->from = from;
	f->to = to;
	f->at = f->size = 0;
	f->total = 0;
	f->broken = to < 0;
}

static bool holds(const struct flow *f)
{
	return f->at < f->size;
}

void flow_poll(const struct flow *f, struct pollfd *from, struct pollfd *to)
{
	*from = (struct pollfd){ .fd = holds(f) ? -1 : f->from, .events = POLLIN };
	*to = (struct pollfd){ .fd = holds(f) ? f->to : -1, .events = POLLOUT };
}

static void write_some(struct flow *f)
{
	ssize_t n = write(f->to, f->bytes + f->at, f->size - f->at);

	if (n > 0)
		f->at += (size_t)n;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		f->broken = true;
}

static bool read_some(struct flow *f, size_t room)
{
	ssize_t n = read(f->from, f->bytes, room < sizeof(f->bytes) ? room : sizeof(f->bytes));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		f->from = -1;
		return false;
	}
	f->at = 0;
	f->size = (size_t)n;
	f->total += (uint64_t)n;
	return true;
}

bool flow_move(struct flow *f, const struct pollfd *from, const struct pollfd *to, size_t room)
{
	bool came = false;

	if (to->fd >= 0 && to->revents)
		write_some(f);
	if (from->fd >= 0 && from->revents && room)
		came = read_some(f, room);
	if (f->broken)
		f->at = f->size = 0;
	return came;
}

bool flow_ended(const struct flow *f)
{
	return f->from < 0 && !holds(f);
}
