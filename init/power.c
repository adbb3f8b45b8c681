/* SPDX-License-Identifier: Apache-2.0 */
#include "init/power.h"

#include <fcntl.h>
#include <linux/input.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEVICES = 8 };

static bool has_power_key(int fd)
{
	unsigned char keys[KEY_MAX / 8 + 1];

	memset(keys, 0, sizeof(keys));
	/* Raw: musl's ioctl takes an int, which this request does not fit. */
	if (syscall(SYS_ioctl, fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) < 0)
		return 0;
	return keys[KEY_POWER / 8] >> KEY_POWER % 8 & 1;
}

void power_listen(struct watch *w)
{
	char path[] = "/dev/input/event0";

	(void)reboot(RB_DISABLE_CAD);
	for (int i = 0; i < DEVICES && w->button_count < WATCH_BUTTONS; i++) {
		int fd;

		path[sizeof(path) - 2] = (char)('0' + i);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (has_power_key(fd))
			w->buttons[w->button_count++] = fd;
		else
			(void)close(fd);
	}
}

bool power_pressed(int fd)
{
	struct input_event e;
	bool pressed = false;

	while (read(fd, &e, sizeof(e)) == (ssize_t)sizeof(e))
		pressed |= e.type == EV_KEY && e.code == KEY_POWER && e.value == 1;
	return pressed;
}

void power_end(enum boot_finish how)
{
	if (how != BOOT_FINISH_REBOOT)
		(void)reboot(RB_POWER_OFF);
	(void)reboot(RB_AUTOBOOT);
	(void)reboot((int)RB_HALT_SYSTEM);
	for (;;)
		(void)pause();
}
