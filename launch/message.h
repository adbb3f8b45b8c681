/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "lib/attr.h"
#include "lib/err.h"

/*
 * Between cbox and the child that becomes process 1: a pair of SOCK_SEQPACKET sockets. A
 * message is a byte with a descriptor, or a text.
 */
int message_go(int socket, struct err *e) must_check; /* the byte that says go */
int message_send_fd(int socket, int fd) must_check;
void message_send_text(int socket, const char *text);

/*
 * Receives one: its length, 0 at the end, or -errno. *fd is the descriptor that came with it,
 * or -1; `text` is NUL-ended.
 */
ssize_t message_receive(int socket, char *text, size_t size, int *fd) must_check;
