/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/auto.h"

#include <errno.h>
#include <string.h>

void auto_close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

void auto_close_dir(DIR **dir)
{
	int saved = errno;

	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
	errno = saved;
}

void auto_close_file(FILE **file)
{
	int saved = errno;

	if (*file)
		(void)fclose(*file);
	*file = NULL;
	errno = saved;
}

void auto_free_memory(void *pointer)
{
	void *memory = take_memory(pointer);

	free(memory);
}

int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

void *take_memory(void *pointer_to_pointer)
{
	void *taken, *none = NULL;

	memcpy(&taken, pointer_to_pointer, sizeof(taken));
	memcpy(pointer_to_pointer, &none, sizeof(none));
	return taken;
}
