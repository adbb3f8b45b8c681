/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/facts.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boot/boot.h"
#include "cbox/pss.h"
#include "lib/auto.h"
#include "lib/spawn.h"

enum { SAMPLE_MS = 20, KILL_MS = 10000, BEGIN_MS = 60000 };

enum { WAIT_OUT, WAIT_ERROR, WAIT_END, WAITS };

struct measurement {
	struct facts *facts;
	struct buf pending; /* of the facts, until they are complete */
	int64_t start, deadline;
	int64_t limit; /* from the payload's beginning */
	bool begun;
	pid_t pid;
	int fds[WAITS];
};

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void facts_init(struct facts *f)
{
	*f = (struct facts){ .first_ns = -1, .ended_ns = -1 };
}

void facts_release(struct facts *f)
{
	if (!f)
		return;
	buf_release(&f->processes);
	buf_release(&f->output);
}

static void copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from);
}

static void take_fact(struct facts *f, const char *key, const char *value)
{
	if (!strcmp(key, "kernel"))
		copy(f->kernel, sizeof(f->kernel), value);
	else if (!strcmp(key, "hostname"))
		copy(f->hostname, sizeof(f->hostname), value);
	else if (!strcmp(key, "pid1"))
		copy(f->pid1, sizeof(f->pid1), value);
	else if (!strcmp(key, "threads"))
		f->threads = strtoul(value, NULL, 10);
	else if (!strcmp(key, "end"))
		f->complete = true;
	if (strcmp(key, "process") != 0)
		return;
	buf_printf(&f->processes, "%s\n", value);
	f->process_count++;
}

/* Takes the whole lines at the beginning of *text; returns how many bytes they were. */
static size_t take_lines(struct facts *f, char *text, size_t size)
{
	size_t at = strlen(BOOT_FACTS);
	char *end;

	while (!f->complete && (end = memchr(text + at, '\n', size - at))) {
		char *equals = memchr(text + at, '=', (size_t)(end - (text + at)));

		*end = '\0';
		if (equals) {
			*equals = '\0';
			take_fact(f, text + at, equals + 1);
		}
		at = (size_t)(end - text) + 1;
	}
	return at;
}

static void take_output(struct facts *f, const char *bytes, size_t size, int64_t ns)
{
	size_t room = FACTS_OUTPUT - f->output.size;

	if (size && f->first_ns < 0)
		f->first_ns = ns;
	buf_put(&f->output, bytes, size < room ? size : room);
}

void facts_take(
	struct facts *f, struct buf *pending, const char *bytes, size_t size, int64_t ns)
{
	size_t length = strlen(BOOT_FACTS), used;

	if (f->complete) {
		take_output(f, bytes, size, ns);
		return;
	}
	buf_put(pending, bytes, size);
	if (memcmp(pending->bytes, BOOT_FACTS,
		    pending->size < length ? pending->size : length)) {
		take_output(f, pending->bytes, pending->size, ns);
		pending->size = 0;
	} else if (pending->size >= 5 &&
		   !memcmp(pending->bytes + pending->size - 5, "end=\n", 5)) {
		(void)take_lines(f, pending->bytes, pending->size);
	} else if ((bytes = memmem(pending->bytes, pending->size, "\nend=\n", 6))) {
		used = take_lines(f, pending->bytes, pending->size);
		take_output(f, pending->bytes + used, pending->size - used, ns);
	}
}

static void sample(struct measurement *m)
{
	uint64_t kib = pss_of_tree(m->pid);

	if (kib > m->facts->memory_kib)
		m->facts->memory_kib = kib;
}

/* At the facts' arrival the payload has its program before it, or has just begun it. */
static void read_stream(struct measurement *m, int which)
{
	char bytes[16384];
	ssize_t n = read(m->fds[which], bytes, sizeof(bytes));
	int64_t ns = now_ns() - m->start;

	if (n <= 0) {
		if (n == 0 || errno != EINTR)
			auto_close_fd(&m->fds[which]);
		return;
	}
	sample(m);
	if (which == WAIT_OUT)
		facts_take(m->facts, &m->pending, bytes, (size_t)n, ns);
	else
		take_output(m->facts, bytes, (size_t)n, ns);
}

static void reap(struct measurement *m)
{
	struct rusage used = { 0 };
	int status = 0;

	while (wait4(m->pid, &status, 0, &used) < 0 && errno == EINTR)
		;
	m->facts->ended_ns = now_ns() - m->start;
	m->facts->status = WIFSIGNALED(status) ? BOOT_STATUS_SIGNAL + WTERMSIG(status)
					       : WEXITSTATUS(status);
	/* The most that any one of its processes had in memory, where no sample caught it. */
	if (!m->facts->memory_kib)
		m->facts->memory_kib = (uint64_t)used.ru_maxrss;
	auto_close_fd(&m->fds[WAIT_END]);
}

static void enforce_limit(struct measurement *m)
{
	if (m->facts->complete && !m->begun && !m->facts->stopped) {
		m->begun = true;
		m->deadline = now_ns() + m->limit;
	}
	if (now_ns() < m->deadline || m->fds[WAIT_END] < 0)
		return;
	(void)kill(m->pid, m->facts->stopped ? SIGKILL : SIGTERM);
	m->facts->stopped = true;
	m->deadline += KILL_MS * INT64_C(1000000);
}

static void watch(struct measurement *m)
{
	while (m->fds[WAIT_OUT] >= 0 || m->fds[WAIT_ERROR] >= 0 || m->fds[WAIT_END] >= 0) {
		struct pollfd waits[WAITS];
		int ready;

		for (int i = 0; i < WAITS; i++)
			waits[i] = (struct pollfd){ .fd = m->fds[i], .events = POLLIN };
		ready = poll(waits, WAITS, SAMPLE_MS);
		if (ready == 0)
			sample(m);
		for (int i = 0; ready > 0 && i < WAIT_END; i++)
			if (waits[i].revents)
				read_stream(m, i);
		if (ready > 0 && waits[WAIT_END].revents)
			reap(m);
		enforce_limit(m);
	}
}

static int start(struct measurement *m, const char *const *argv, struct err *e)
{
	auto_close int out = -1, error = -1;
	int pipes[2][2], r;

	for (int i = 0; i < 2; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			return err_sys(e, "cannot make a pipe");
		m->fds[i] = pipes[i][0];
		*(i ? &error : &out) = pipes[i][1];
	}
	m->start = now_ns();
	m->deadline = m->start + BEGIN_MS * INT64_C(1000000) + m->limit;
	r = spawn_start(
		&(struct spawn){
			.argv = argv, .dir = -1, .in = -1, .out = out, .error = error },
		&m->pid, e);
	if (r < 0)
		return r;
	m->fds[WAIT_END] = (int)syscall(SYS_pidfd_open, m->pid, 0);
	if (m->fds[WAIT_END] >= 0)
		return 0;
	r = err_sys(e, "cannot watch '%s'", argv[0]);
	(void)kill(m->pid, SIGKILL);
	(void)waitpid(m->pid, NULL, 0);
	return r;
}

int facts_measure(const char *const *argv, int64_t limit_ms, struct facts *f, struct err *e)
{
	struct measurement m = {
		.facts = f, .limit = limit_ms * 1000000, .fds = { -1, -1, -1 }
	};
	int r = start(&m, argv, e);

	if (r == 0)
		watch(&m);
	for (int i = 0; i < WAITS; i++)
		auto_close_fd(&m.fds[i]);
	buf_release(&m.pending);
	return r;
}
