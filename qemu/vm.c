/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/vm.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boot/boot.h"
#include "lib/auto.h"
#include "lib/spawn.h"
#include "lib/term.h"
#include "qemu/control.h"
#include "qemu/flow.h"

enum { ENDING_MS = 5000 }; /* from the payload's end until QEMU is killed */

/* What we wait for: fixed places, -1 where there is nothing to wait for. */
enum {
	WAIT_SIGNAL,
	WAIT_QEMU,
	WAIT_CONTROL,
	WAIT_KERNEL,
	WAIT_FLOWS, /* two each */
};

enum { FLOW_OUT, FLOW_ERROR, FLOW_IN, FLOWS };

enum { WAITS = WAIT_FLOWS + 2 * FLOWS };

struct vm {
	const struct vm_streams *streams;
	struct vm_report *report;
	pid_t pid;
	int qemu;    /* pidfd; -1: it has ended */
	int signals; /* signalfd */
	int ports[MACHINE_PORTS];
	int64_t start, deadline; /* of the monotonic clock in ns; deadline 0: none */
	bool ended;              /* the guest said how, or we did */
	bool input_told;         /* the guest knows where the input ends */
	uint32_t taken;          /* of the input by the payload */
	struct control control;
	struct term term;
	struct flow flows[FLOWS];
};

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t since_start(const struct vm *v)
{
	return now_ns() - v->start;
}

static void kill_qemu(const struct vm *v)
{
	if (v->qemu >= 0)
		(void)kill(v->pid, SIGKILL);
}

static void end_with(struct vm *v, int status)
{
	v->report->status = status;
	v->report->ended_ns = since_start(v);
	v->ended = true;
	v->flows[FLOW_IN].from = -1;
	v->deadline = now_ns() + ENDING_MS * INT64_C(1000000);
}

static void tell_size(struct vm *v)
{
	uint32_t rows, columns;

	if (v->streams->terminal && term_size(v->streams->in, &rows, &columns))
		control_say(&v->control, BOOT_WORD_SIZE, rows, columns);
}

/* From here on keys are the payload's; until now Ctrl-C ended us. */
static void started(struct vm *v)
{
	struct err ignored;

	v->report->started = true;
	v->report->started_ns = since_start(v);
	if (v->streams->terminal && term_raw(&v->term, v->streams->in, &ignored) == 0)
		tell_size(v);
}

/*
 * What the guest says. When it says how the payload ended, all output lies in our sockets, and
 * what had to be written to disks is there: it need not take the time to power off.
 */
static void hear(struct vm *v, const struct boot_message *m)
{
	if (m->word == BOOT_WORD_STARTED && !v->report->started)
		started(v);
	else if (m->word == BOOT_WORD_TAKEN)
		v->taken = m->first;
	if (v->ended || (m->word != BOOT_WORD_EXIT && m->word != BOOT_WORD_SIGNAL))
		return;
	end_with(v,
		(int)((m->word == BOOT_WORD_EXIT ? 0 : BOOT_STATUS_SIGNAL) + m->first) & 255);
	kill_qemu(v);
}

static void read_control(struct vm *v)
{
	struct boot_message m;
	char bytes[512];
	ssize_t n = read(v->control.fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++)
		if (control_take(&v->control, bytes[i], &m))
			hear(v, &m);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		v->control.fd = -1;
}

static void read_kernel(struct vm *v)
{
	int *fd = &v->ports[MACHINE_KERNEL];
	char bytes[4096];
	ssize_t n = read(*fd, bytes, sizeof(bytes));

	if (n > 0)
		klog_put(&v->report->klog, bytes, (size_t)n);
	if (n > 0 && v->streams->verbose)
		(void)!write(v->streams->error, bytes, (size_t)n);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		auto_close_fd(fd);
}

/* Until the payload runs there is nobody to pass a signal on to, so it ends the machine. */
static void pass_signal(struct vm *v, int number)
{
	if (number == SIGWINCH) {
		tell_size(v);
	} else if (!v->report->started || v->ended) {
		if (!v->ended)
			end_with(v, BOOT_STATUS_SIGNAL + number);
		kill_qemu(v);
	} else {
		control_say(&v->control, BOOT_WORD_SIGNAL, (uint32_t)number, 0);
		if (number == SIGTERM && v->streams->stop_ms && !v->deadline)
			v->deadline = now_ns() + v->streams->stop_ms * INT64_C(1000000);
	}
}

static void read_signal(struct vm *v)
{
	struct signalfd_siginfo info;

	if (read(v->signals, &info, sizeof(info)) == sizeof(info))
		pass_signal(v, (int)info.ssi_signo);
}

/* QEMU is gone: what it wrote is still to be read. */
static void reap(struct vm *v)
{
	struct rusage used = { 0 };

	while (wait4(v->pid, NULL, 0, &used) < 0 && errno == EINTR)
		;
	v->report->memory_kib = (uint64_t)used.ru_maxrss;
	auto_close_fd(&v->qemu);
}

static size_t input_room(const struct vm *v)
{
	uint32_t under_way = (uint32_t)v->flows[FLOW_IN].total - v->taken;

	if (!v->streams->counted)
		return sizeof(v->flows[FLOW_IN].bytes);
	return under_way >= BOOT_INPUT_WINDOW ? 0 : BOOT_INPUT_WINDOW - under_way;
}

/* To a terminal that is fed from elsewhere, the end is what a person types. */
static void tell_end(struct vm *v)
{
	static const char end_of_file = 'D' - '@';
	const struct flow *f = &v->flows[FLOW_IN];

	if (!v->report->started || v->ended || v->input_told || !flow_ended(f))
		return;
	v->input_told = true;
	if (v->streams->counted)
		control_say(&v->control, BOOT_WORD_EOF, (uint32_t)f->total, 0);
	else if (v->streams->in >= 0)
		(void)!send(f->to, &end_of_file, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void move_flows(struct vm *v, const struct pollfd *waits)
{
	for (int i = 0; i < FLOWS; i++) {
		struct flow *f = &v->flows[i];
		const struct pollfd *w = waits + WAIT_FLOWS + 2 * i;
		bool was_broken = f->broken;
		bool came = flow_move(
			f, &w[0], &w[1], i == FLOW_IN ? input_room(v) : sizeof(f->bytes));

		if (came && i != FLOW_IN && v->report->first_ns < 0)
			v->report->first_ns = since_start(v);
		/* Who writes to a pipe that nobody reads gets SIGPIPE. */
		if (f->broken && !was_broken && i != FLOW_IN)
			control_say(&v->control, BOOT_WORD_SIGNAL, SIGPIPE, 0);
	}
	tell_end(v);
}

static void fill_waits(const struct vm *v, struct pollfd *waits)
{
	const int fds[] = { v->signals, v->qemu, v->control.fd, v->ports[MACHINE_KERNEL] };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		waits[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	for (int i = 0; i < FLOWS; i++)
		flow_poll(&v->flows[i], &waits[WAIT_FLOWS + 2 * i],
			&waits[WAIT_FLOWS + 2 * i + 1]);
	if (!v->report->started || !input_room(v))
		waits[WAIT_FLOWS + 2 * FLOW_IN].fd = -1;
}

static int wait_ms(const struct vm *v)
{
	int64_t left = v->deadline - now_ns();

	if (!v->deadline || v->qemu < 0)
		return -1;
	return left > 0 ? (int)(left / 1000000) + 1 : 0;
}

static void serve(struct vm *v)
{
	static void (*const on[])(
		struct vm *) = { read_signal, reap, read_control, read_kernel };
	struct pollfd waits[WAITS];

	while (v->qemu >= 0 || v->control.fd >= 0 || v->ports[MACHINE_KERNEL] >= 0 ||
		!flow_ended(&v->flows[FLOW_OUT]) || !flow_ended(&v->flows[FLOW_ERROR])) {
		fill_waits(v, waits);
		if (poll(waits, WAITS, wait_ms(v)) < 0)
			continue;
		/* Output before the word that it has ended; a machine before its last words. */
		move_flows(v, waits);
		for (size_t i = ARRAY_LEN(on); i-- > 0;)
			if (waits[i].fd >= 0 && waits[i].revents)
				on[i](v);
		if (v->deadline && now_ns() >= v->deadline && v->qemu >= 0) {
			if (!v->ended)
				end_with(v, BOOT_STATUS_SIGNAL + SIGKILL);
			kill_qemu(v);
		}
	}
}

static int make_ports(struct vm *v, int theirs[MACHINE_PORTS], struct err *e)
{
	for (int i = 0; i < MACHINE_PORTS; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return err_sys(e, "cannot make a socket");
		v->ports[i] = pair[0];
		theirs[i] = pair[1];
	}
	return 0;
}

static int start(
	struct vm *v, const struct machine_plan *plan, const struct vm_files *f, struct err *e)
{
	int theirs[MACHINE_PORTS] = { -1, -1, -1, -1 }, r = make_ports(v, theirs, e);
	const int more[] = { theirs[0], theirs[1], theirs[2], theirs[3], f->record, f->initrd,
		f->disk };
	const struct spawn s = { .argv = plan->argv,
		.dir = -1,
		.in = -1,
		.out = -1,
		.error = -1,
		.more = more,
		.more_count = ARRAY_LEN(more),
		.own_group = true };

	v->start = now_ns();
	if (r == 0)
		r = spawn_start(&s, &v->pid, e);
	for (int i = 0; i < MACHINE_PORTS; i++)
		auto_close_fd(&theirs[i]);
	if (r < 0)
		return r;
	v->qemu = (int)syscall(SYS_pidfd_open, v->pid, 0);
	if (v->qemu < 0) {
		r = err_sys(e, "cannot watch '%s'", plan->argv[0]);
		(void)kill(v->pid, SIGKILL);
		(void)waitpid(v->pid, NULL, 0);
	}
	return r;
}

static void begin(struct vm *v, const struct vm_streams *s, struct vm_report *report)
{
	*v = (struct vm){ .streams = s,
		.report = report,
		.qemu = -1,
		.signals = -1,
		.ports = { -1, -1, -1, -1 } };
	*report = (struct vm_report){
		.status = BOOT_STATUS_LOST, .started_ns = -1, .first_ns = -1, .ended_ns = -1
	};
	term_init(&v->term);
}

static void connect_streams(struct vm *v)
{
	const struct vm_streams *s = v->streams;
	int console = v->ports[MACHINE_CONSOLE];

	control_init(&v->control, v->ports[MACHINE_CONTROL]);
	flow_init(&v->flows[FLOW_OUT], console, s->out);
	flow_init(&v->flows[FLOW_ERROR], v->ports[MACHINE_ERROR], s->error);
	flow_init(&v->flows[FLOW_IN], s->in, console);
}

/* The signals that are passed on; they must not end us, nor may a reader that goes away. */
static void passed_on(sigset_t *set)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
		SIGALRM, SIGWINCH, SIGCONT };

	(void)sigemptyset(set);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		(void)sigaddset(set, numbers[i]);
}

int vm_run(const struct machine_plan *plan, const struct vm_files *files,
	const struct vm_streams *streams, struct vm_report *report, struct err *e)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old_pipe;
	sigset_t set, old;
	struct vm v;
	int r;

	begin(&v, streams, report);
	passed_on(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	(void)sigaction(SIGPIPE, &ignore, &old_pipe);
	v.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r = v.signals < 0 ? err_sys(e, "cannot wait for signals") : start(&v, plan, files, e);
	if (r == 0) {
		connect_streams(&v);
		serve(&v);
	}
	term_restore(&v.term);
	auto_close_fd(&v.signals);
	for (int i = 0; i < MACHINE_PORTS; i++)
		auto_close_fd(&v.ports[i]);
	(void)sigaction(SIGPIPE, &old_pipe, NULL);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
