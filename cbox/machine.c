/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/machine.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cbox/verbs.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/spawn.h"
#include "lib/term.h"

void cbox_machine_init(struct cbox_machine *m)
{
	*m = (struct cbox_machine){ 0 };
	arena_init(&m->arena);
}

void cbox_machine_release(struct cbox_machine *m)
{
	if (!m)
		return;
	kernel_release(&m->kernel);
	arena_release(&m->arena);
}

int cbox_machine_complete(struct record *r, struct err *e)
{
	enum { SEED = BOOT_SEED_MAX };
	struct boot *b = &r->boot;
	unsigned char seed[SEED];
	struct buf text = { 0 };
	struct timespec now;

	b->console = BOOT_CONSOLE;
	b->console_error = b->terminal ? NULL : BOOT_CONSOLE_ERROR;
	b->control = BOOT_CONTROL;
	if (b->terminal)
		(void)term_size(STDIN_FILENO, &b->rows, &b->columns);
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed) ||
		clock_gettime(CLOCK_REALTIME, &now) < 0)
		return err_sys(e, "cannot make a seed");
	for (size_t i = 0; i < sizeof(seed); i++)
		buf_printf(&text, "%02x", seed[i]);
	b->seed = arena_strdup(&r->arena, text.bytes);
	b->clock = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	buf_release(&text);
	return 0;
}

int cbox_machine_record(const struct record *r, int *out, struct err *e)
{
	auto_buf struct buf bytes = { 0 };
	auto_close int fd = -1;
	int code = record_encode(r, &bytes, e);

	if (code < 0)
		return code;
	fd = memfd_create("boot", MFD_CLOEXEC);
	code = fd < 0 ? -errno : io_write(fd, bytes.bytes, bytes.size);
	if (code < 0)
		return err_code(e, code, "cannot keep the boot record");
	*out = take_fd(&fd);
	return 0;
}

static void tell(const char *text)
{
	fprintf(stderr, "cbox: %s\n", text);
}

static int choose_kvm(const char *accel, const struct probe *p, bool *kvm, struct err *e)
{
	bool asked = accel && !strcmp(accel, "kvm");

	if (accel && !asked && strcmp(accel, "tcg") != 0 && strcmp(accel, "auto") != 0)
		return err_set(
			e, CBOX_USAGE, "--accel is kvm, tcg or auto, and not '%s'", accel);
	if (asked && p->kvm != PROBE_WORKS)
		return err_set(e, -ENODEV, "no KVM: %s; type --accel=tcg to emulate",
			probe_text(p->kvm));
	*kvm = p->kvm == PROBE_WORKS && (!accel || strcmp(accel, "tcg") != 0);
	return 0;
}

int cbox_machine_plan(struct cbox_machine *m, const struct cbox_row *row,
	const struct initramfs *from, struct err *e)
{
	struct machine_wish wish = {
		.machine = row->machine,
		.initrd = from->path,
		.root_size = from->size,
		.memory = row->memory > 0 ? (uint64_t)row->memory : 0,
		.cpus = row->cpus > 0 ? (unsigned)(row->cpus > 1000 ? 1000 : row->cpus) : 0,
		.verbose = row->verbose,
		.append = row->append,
	};
	int r;

	if (!spawn_finds(MACHINE_QEMU))
		return err_set(e, -ENOENT,
			"there is no '" MACHINE_QEMU
			"'; type: apt-get install qemu-system-x86");
	m->probe = probe_host();
	r = choose_kvm(row->accel, &m->probe, &wish.kvm, e);
	if (r == 0)
		r = kernel_find(row->kernel, tell, &m->kernel, e);
	if (r < 0)
		return r;
	wish.kernel = m->kernel.path;
	wish.tsc_khz = m->probe.tsc_khz;
	return machine_plan(&wish, &m->arena, &m->plan, e);
}

void cbox_machine_explain(const struct cbox_machine *m, FILE *out)
{
	fprintf(out, "# kernel: %s%s\n", m->kernel.source,
		m->kernel.pvh ? "" : " (as it is: it does not boot by PVH)");
	fprintf(out, "# accelerator: %s (KVM: %s)\n", m->plan.accelerator,
		probe_text(m->probe.kvm));
	fprintf(out, "# descriptors 3 to 6 are sockets: console, control channel, kernel's "
		     "console, standard error\n# descriptor 7 holds the boot record\n");
	machine_print(&m->plan, out);
}
