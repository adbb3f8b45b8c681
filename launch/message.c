/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/message.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union control {
	struct cmsghdr head; /* for the alignment */
	char bytes[CMSG_SPACE(sizeof(int))];
};

int message_send_fd(int socket, int fd)
{
	struct iovec byte = { .iov_base = (char[]){ 'f' }, .iov_len = 1 };
	union control control = { 0 };
	struct msghdr m = { .msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(socket, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int message_go(int socket, struct err *e)
{
	if (send(socket, "g", 1, MSG_NOSIGNAL) != 1)
		return err_sys(e, "cannot reach the container");
	return 0;
}

void message_send_text(int socket, const char *text)
{
	(void)!send(socket, text, strlen(text), MSG_NOSIGNAL);
}

ssize_t message_receive(int socket, char *text, size_t size, int *fd)
{
	struct iovec bytes = { .iov_base = text, .iov_len = size - 1 };
	union control control = { 0 };
	struct msghdr m = { .msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	const struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	do {
		n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n;
}
