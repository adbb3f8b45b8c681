/* SPDX-License-Identifier: Apache-2.0 */
#include "init/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init/say.h"

static int bring_up(int s, const char *interface)
{
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, interface, strnlen(interface, sizeof(r.ifr_name) - 1));
	if (ioctl(s, SIOCGIFFLAGS, &r) < 0)
		return -errno;
	if (r.ifr_flags & IFF_UP)
		return 0;
	r.ifr_flags = (short)(r.ifr_flags | IFF_UP);
	return ioctl(s, SIOCSIFFLAGS, &r) < 0 ? -errno : 0;
}

void net_loopback(int verbosity)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (s < 0)
		return;
	r = bring_up(s, "lo");
	if (r < 0)
		say(verbosity, SAY_DEBUG, "cannot bring up lo: %e", -r);
	(void)close(s);
}

static void put_address(struct sockaddr *to, struct in_addr address)
{
	const struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = address };

	memcpy(to, &in, sizeof(in));
}

/* Reads a number of at most `max` at *at and goes behind it. */
static bool get_number(const char **at, uint32_t max, uint32_t *number)
{
	const char *start = *at;

	*number = 0;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		*number = *number * 10 + (uint32_t)(**at - '0');
		if (*number > max)
			return false;
	}
	return *at > start;
}

/* "10.0.2.15", or with a mask "10.0.2.15/24": dotted decimals and nothing else. */
static bool get_address(const char *text, struct in_addr *address, struct in_addr *mask)
{
	uint32_t bytes = 0, number;

	for (int i = 0; i < 4; i++) {
		if ((i && *text++ != '.') || !get_number(&text, 255, &number))
			return false;
		bytes = bytes << 8 | number;
	}
	address->s_addr = htonl(bytes);
	if (mask) {
		if (*text++ != '/' || !get_number(&text, 32, &number))
			return false;
		mask->s_addr = htonl(number ? UINT32_MAX << (32 - number) : 0);
	}
	return !*text;
}

static int set_address(int s, const struct boot *b)
{
	struct in_addr address, mask;
	struct ifreq r = { 0 };

	if (!get_address(b->net_address, &address, &mask))
		return -EINVAL;
	memcpy(r.ifr_name, b->net_interface, strnlen(b->net_interface, sizeof(r.ifr_name) - 1));
	put_address(&r.ifr_addr, address);
	if (ioctl(s, SIOCSIFADDR, &r) < 0)
		return -errno;
	put_address(&r.ifr_netmask, mask);
	return ioctl(s, SIOCSIFNETMASK, &r) < 0 ? -errno : 0;
}

static int set_route(int s, const char *gateway)
{
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };
	struct in_addr address;

	if (!get_address(gateway, &address, NULL))
		return -EINVAL;
	put_address(&route.rt_gateway, address);
	put_address(&route.rt_dst, (struct in_addr){ 0 });
	put_address(&route.rt_genmask, (struct in_addr){ 0 });
	return ioctl(s, SIOCADDRT, &route) < 0 ? -errno : 0;
}

void net_interface(const struct boot *b, int verbosity)
{
	int s, r;

	if (!b->net_interface)
		return;
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return;
	r = b->net_address ? set_address(s, b) : 0;
	if (r == 0)
		r = bring_up(s, b->net_interface);
	if (r == 0 && b->net_gateway)
		r = set_route(s, b->net_gateway);
	if (r < 0)
		say(verbosity, SAY_WARNING, "cannot set up the interface '%s': %e",
			b->net_interface, -r);
	(void)close(s);
}

/* A file that is there already, even an empty one or a link, is the image's and stays. */
static int create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static void put(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

void net_names(const struct boot *b, int verbosity)
{
	const char *name = b->hostname ? b->hostname : "localhost";
	int fd;

	if (sethostname(name, strlen(name)) < 0)
		say(verbosity, SAY_WARNING, "cannot set the host name '%s': %e", name, errno);
	fd = create("/etc/hosts");
	if (fd >= 0) {
		put(fd, "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t");
		put(fd, name);
		put(fd, "\n");
		(void)close(fd);
	}
	fd = b->nameservers.count ? create("/etc/resolv.conf") : -1;
	if (fd < 0)
		return;
	for (size_t i = 0; i < b->nameservers.count; i++) {
		put(fd, "nameserver ");
		put(fd, b->nameservers.items[i]);
		put(fd, "\n");
	}
	(void)close(fd);
}
