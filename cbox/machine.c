/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/machine.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cbox/initrd.h"
#include "cbox/verbs.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/spawn.h"
#include "lib/term.h"
#include "qemu/drivers.h"

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
	modules_release(&m->drivers);
	arena_release(&m->arena);
}

/* The root is a disk, which process 1 mounts under an overlay. */
static void use_disk(struct record *r, const struct modules *drivers)
{
	const char **items = arena_alloc(&r->arena, (drivers->count + 1) * sizeof(*items));
	struct boot *b = &r->boot;

	for (size_t i = 0; i < drivers->count; i++)
		items[i] = arena_printf(
			&r->arena, "/" INITRD_MODULES "/%s.ko", drivers->items[i].name);
	items[drivers->count] = NULL;
	b->modules = (struct boot_list){ items, drivers->count };
	b->root = MACHINE_DISK;
	b->root_type = "erofs";
	b->root_mode = BOOT_ROOT_OVERLAY;
	b->root_options = NULL;
}

int cbox_machine_complete(const struct cbox_machine *m, const struct medium *from,
	struct record *r, struct err *e)
{
	enum { SEED = BOOT_SEED_MAX };
	struct boot *b = &r->boot;
	unsigned char seed[SEED];
	struct buf text = { 0 };
	struct timespec now;

	if (from->disk >= 0)
		use_disk(r, &m->drivers);
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

int cbox_machine_find(struct cbox_machine *m, const struct cbox_row *row, struct err *e)
{
	const char *const *wanted;
	int r;

	if (!spawn_finds(MACHINE_QEMU))
		return err_set(e, -ENOENT,
			"there is no '" MACHINE_QEMU
			"'; type: apt-get install qemu-system-x86");
	r = machine_drivers(row->machine, &wanted, e);
	if (r < 0)
		return r;
	m->probe = probe_host();
	r = choose_kvm(row->accel, &m->probe, &m->kvm, e);
	if (r == 0)
		r = kernel_find(row->kernel, tell, &m->kernel, e);
	if (r == 0)
		r = drivers_load(m->kernel.modules, wanted, &m->drivers, e);
	m->has_drivers = r > 0;
	return r < 0 ? r : 0;
}

int cbox_machine_root(
	const struct cbox_machine *m, struct medium *from, struct record *record, struct err *e)
{
	int r = medium_make(from, m->has_drivers ? &m->drivers : NULL, record, e);

	if (r == 0 && from->why)
		fprintf(stderr,
			"cbox: '%s' becomes an initramfs, which has no file capabilities and "
			"ACLs, and no disk: %s\n",
			from->operand, from->why);
	return r;
}

int cbox_machine_plan(struct cbox_machine *m, const struct cbox_row *row,
	const struct medium *from, struct err *e)
{
	const struct machine_wish wish = {
		.machine = row->machine,
		.kernel = m->kernel.path,
		.initrd = from->path,
		.disk = from->disk >= 0,
		.root_size = from->size,
		.memory = row->memory > 0 ? (uint64_t)row->memory : 0,
		.cpus = row->cpus > 0 ? (unsigned)(row->cpus > 1000 ? 1000 : row->cpus) : 0,
		.verbose = row->verbose,
		.append = row->append,
		.kvm = m->kvm,
		.tsc_khz = m->probe.tsc_khz,
	};

	return machine_plan(&wish, &m->arena, &m->plan, e);
}

static void explain_root(const struct cbox_machine *m, const struct medium *from, FILE *out)
{
	uint64_t mib = from->size >> 20;

	if (from->disk < 0) {
		fprintf(out, "# root: an initramfs, %" PRIu64 " MiB in memory\n", mib);
		return;
	}
	fprintf(out,
		"# root: an EROFS of %" PRIu64 " MiB as a disk, read-only, under an overlay in "
		"memory; modules:",
		mib);
	for (size_t i = 0; i < m->drivers.count; i++)
		fprintf(out, " %s", m->drivers.items[i].name);
	fprintf(out, "%s\n", m->drivers.count ? "" : " none");
}

void cbox_machine_explain(const struct cbox_machine *m, const struct medium *from, FILE *out)
{
	fprintf(out, "# kernel: %s%s\n", m->kernel.source,
		m->kernel.pvh ? "" : " (as it is: it does not boot by PVH)");
	fprintf(out, "# accelerator: %s (KVM: %s)\n", m->plan.accelerator,
		probe_text(m->probe.kvm));
	explain_root(m, from, out);
	fprintf(out,
		"# descriptors 3 to 6 are sockets: console, control channel, kernel's "
		"console, standard error\n# descriptor 7 holds the boot record%s%s\n",
		from->path ? "" : ", 8 the initramfs", from->disk < 0 ? "" : ", 9 the disk");
	machine_print(&m->plan, out);
}
