/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/control.h"

#include <sys/socket.h>

void control_init(struct control *c, int fd)
{
	*c = (struct control){ .fd = fd };
}

bool control_take(struct control *c, char byte, struct boot_message *m)
{
	bool whole = byte == '\n' && !c->too_long;

	if (byte != '\n') {
		c->too_long = c->too_long || c->size == sizeof(c->line);
		if (!c->too_long)
			c->line[c->size++] = byte;
		return false;
	}
	if (whole)
		*m = boot_message_decode(c->line, c->size);
	c->size = 0;
	c->too_long = false;
	return whole && m->word != BOOT_WORD_NONE;
}

void control_say(const struct control *c, enum boot_word word, uint32_t first, uint32_t second)
{
	const struct boot_message m = { word, first, second };
	char line[BOOT_MESSAGE_MAX];
	size_t size = boot_message_encode(&m, line);

	if (c->fd >= 0)
		(void)!send(c->fd, line, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}
