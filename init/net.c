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

/* "10.0.2.15/24" as address and mask. */
static bool split_address(const char *text, struct in_addr *address, struct in_addr *mask)
{
	const char *slash = strchr(text, '/');
	char only[INET_ADDRSTRLEN];
	size_t length = slash ? (size_t)(slash - text) : 0;
	unsigned prefix = 0;

	if (!slash || length >= sizeof(only) || !slash[1])
		return false;
	memcpy(only, text, length);
	only[length] = '\0';
	for (const char *c = slash + 1; *c; c++) {
		if (*c < '0' || *c > '9' || prefix > 32)
			return false;
		prefix = prefix * 10 + (unsigned)(*c - '0');
	}
	if (prefix > 32)
		return false;
	mask->s_addr = htonl(prefix ? UINT32_MAX << (32 - prefix) : 0);
	return inet_pton(AF_INET, only, address) == 1;
}

static int set_address(int s, const struct boot *b)
{
	struct in_addr address, mask;
	struct ifreq r = { 0 };

	if (!split_address(b->net_address, &address, &mask))
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

	if (inet_pton(AF_INET, gateway, &address) != 1)
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
