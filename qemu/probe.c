/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/probe.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/io.h"
#include "qemu/cache.h"

enum { LIMIT_MS = 20, HARD_LIMIT_MS = 500, ID_LENGTH = 36 };

const char *probe_text(enum probe_verdict v)
{
	static const char *const texts[] = {
		[PROBE_WORKS] = "works",
		[PROBE_MISSING] = "there is no /dev/kvm",
		[PROBE_FORBIDDEN] = "no permission for /dev/kvm",
		[PROBE_BROKEN] = "/dev/kvm runs no machine",
		[PROBE_SLOW] = "/dev/kvm is too slow to boot with",
	};

	return texts[v];
}

/* The child: the timer ends a slow loop, whatever it does with signals. */
static never_returns void run_loop(pid_t parent)
{
	const struct itimerval limit = { .it_value = { 0, LIMIT_MS * 1000 } };
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(PROBE_BROKEN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGALRM, SIG_DFL);
	(void)setitimer(ITIMER_REAL, &limit, NULL);
	_exit((int)probe_loop());
}

static enum probe_verdict probe_once(void)
{
	pid_t parent = getpid(), child = fork();
	struct pollfd end = { .fd = -1, .events = POLLIN };
	int status;

	if (child < 0)
		return PROBE_BROKEN;
	if (child == 0)
		run_loop(parent);
	end.fd = (int)syscall(SYS_pidfd_open, child, 0);
	if (end.fd < 0 || poll(&end, 1, HARD_LIMIT_MS) != 1)
		(void)kill(child, SIGKILL);
	if (end.fd >= 0)
		(void)close(end.fd);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return PROBE_BROKEN;
	return WIFEXITED(status) ? (enum probe_verdict)WEXITSTATUS(status) : PROBE_SLOW;
}

enum probe_verdict probe_kvm(void)
{
	enum probe_verdict v = probe_once();

	return v == PROBE_SLOW ? probe_once() : v;
}

#if defined(__x86_64__)
static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

uint64_t probe_tsc_khz(void)
{
	const int64_t span = 10 * 1000 * 1000;
	int64_t start = now_ns(), end;
	uint64_t from = __builtin_ia32_rdtsc(), to;

	do {
		end = now_ns();
		to = __builtin_ia32_rdtsc();
	} while (end - start < span);
	return (to - from) * 1000000 / (uint64_t)(end - start);
}
#else
uint64_t probe_tsc_khz(void)
{
	return 0;
}
#endif

/* The host's boot id, from which a verdict before it is known to be old. */
static bool read_boot_id(char id[ID_LENGTH + 1])
{
	auto_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	id[ID_LENGTH] = '\0';
	return fd >= 0 && io_read(fd, id, ID_LENGTH) == ID_LENGTH;
}

static bool read_cached(const struct cache *c, const char *id, struct probe *p)
{
	auto_buf struct buf file = { 0 };
	struct err ignored;
	char known[ID_LENGTH + 1];
	int verdict;

	if (io_load(c->dir, "probe", &file, 256, &ignored) < 0 || !file.bytes ||
		sscanf(file.bytes, "%36s %d %" SCNu64, known, &verdict, &p->tsc_khz) != 3 ||
		strcmp(known, id) != 0 || verdict < PROBE_WORKS || verdict > PROBE_SLOW)
		return false;
	p->kvm = (enum probe_verdict)verdict;
	return true;
}

struct probe probe_host(void)
{
	auto_cache struct cache c = { .dir = -1 };
	auto_buf struct buf text = { 0 };
	char id[ID_LENGTH + 1];
	struct err ignored;
	struct probe p;
	bool known = cache_open(&c, &ignored) == 0 && read_boot_id(id);

	if (known && read_cached(&c, id, &p))
		return p;
	p = (struct probe){ probe_kvm(), probe_tsc_khz() };
	buf_printf(&text, "%s %d %" PRIu64 "\n", known ? id : "", (int)p.kvm, p.tsc_khz);
	/* Permissions may change with the next login: they cost nothing to look at again. */
	if (known && p.kvm != PROBE_FORBIDDEN && p.kvm != PROBE_MISSING &&
		cache_put(c.dir, "probe", text.bytes, text.size, &ignored) < 0)
		return p; /* a cache that cannot be written costs the next run some time */
	return p;
}
