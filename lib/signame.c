/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/signame.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIRST_RT = 34, LAST_RT = 64 };

static int whole_number(const char *text, int lowest, int highest)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtol(text, &end, 10);
	return errno || *end || n < lowest || n > highest ? -EINVAL : (int)n;
}

static int real_time(const char *text)
{
	int n = strncasecmp(text, "RTMIN", 5) && strncasecmp(text, "RTMAX", 5) ? -1 : 0;

	if (n < 0 ||
		(text[5] && text[5] != (toupper((unsigned char)text[4]) == 'N' ? '+' : '-')))
		return -EINVAL;
	if (text[5])
		n = whole_number(text + 6, 0, LAST_RT - FIRST_RT);
	if (n < 0)
		return n;
	return toupper((unsigned char)text[4]) == 'N' ? FIRST_RT + n : LAST_RT - n;
}

int signal_number(const char *text)
{
	if (isdigit((unsigned char)*text))
		return whole_number(text, 1, LAST_RT);
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (int i = 1; i < 32; i++) {
		const char *name = sigabbrev_np(i);

		if (name && !strcasecmp(name, text))
			return i;
	}
	return real_time(text);
}

const char *signal_name(int number, char to[16])
{
	const char *name = number > 0 && number < 32 ? sigabbrev_np(number) : NULL;

	if (name)
		(void)snprintf(to, 16, "SIG%s", name);
	else if (number >= FIRST_RT && number <= LAST_RT)
		(void)snprintf(to, 16, "SIGRTMIN+%d", number - FIRST_RT);
	else
		(void)snprintf(to, 16, "%d", number);
	return to;
}
