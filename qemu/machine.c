/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/machine.h"

#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#include "boot/boot.h"

enum { MIB = 1024 * 1024, APPEND_MAX = 2047, CPUS_MAX = 64, MEMORY_MIN = 64 };

struct machine {
	const char *name, *type;
	const char *append; /* always */
	const char
		*append_tcg; /* without KVM, where the guest's clocks are slow to calibrate */
	const char *disk;    /* the device */
	const char *drivers[5];
};

/*
 * With the local APIC timer's calibration a guest on microvm waits for ever; without that of
 * the TSC's rate it does so sometimes.
 */
static const struct machine machines[] = {
	{ "q35", "q35", "panic=-1 reboot=t cryptomgr.notests",
		"no_timer_check noreplace-smp nolapic_timer", "virtio-blk-pci,drive=root",
		{ "virtio_pci", "virtio_blk", "erofs", "overlay" } },
	{ "microvm", "microvm", "panic=-1 reboot=t cryptomgr.notests",
		"no_timer_check noreplace-smp", "virtio-blk-device,drive=root",
		{ "virtio_mmio", "virtio_blk", "erofs", "overlay" } },
};

/* On every machine. Interrupts of their own for the third and fourth port: ISA shares none. */
static const char *const fixed[] = { "-no-reboot", "-nodefaults", "-no-user-config", "-display",
	"none", "-device", "isa-debug-exit,iobase=0x501,iosize=2" };

static const struct {
	const char *name, *device;
} ports[] = {
	[MACHINE_CONSOLE] = { "console", "isa-serial,chardev=console,index=0" },
	[MACHINE_CONTROL] = { "control", "isa-serial,chardev=control,index=1" },
	[MACHINE_KERNEL] = { "kernel", "isa-serial,chardev=kernel,index=2,irq=10" },
	[MACHINE_ERROR] = { "error", "isa-serial,chardev=error,index=3,irq=11" },
};

enum { WORDS_MAX = 64 };

struct words {
	const char **items;
	size_t count;
};

static void put(struct words *w, const char *word)
{
	if (w->count + 1 < WORDS_MAX)
		w->items[w->count++] = word;
}

static void put2(struct words *w, const char *option, const char *value)
{
	put(w, option);
	put(w, value);
}

static int find(const char *name, const struct machine **out, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		if (name && strcmp(machines[i].name, name) != 0)
			continue;
		*out = &machines[i];
		return 0;
	}
	return err_set(e, -EINVAL, "there is no machine '%s'; there are: q35, microvm", name);
}

int machine_drivers(const char *machine, const char *const **out, struct err *e)
{
	const struct machine *m = NULL;
	int r = find(machine, &m, e);

	if (r == 0)
		*out = m->drivers;
	return r;
}

/* The initramfs lies in memory twice while the kernel unpacks it; a disk does not. */
static uint64_t choose_memory(const struct machine_wish *w)
{
	const uint64_t base = w->disk ? 512 : 256, step = 64;
	uint64_t root = w->disk ? 0 : w->root_size / MIB;
	uint64_t need = base + root * 5 / 2;

	return w->memory ? w->memory / MIB : (need + step - 1) / step * step;
}

static const char *make_append(
	const struct machine *m, const struct machine_wish *w, struct arena *a)
{
	const char *tsc = !w->kvm && w->tsc_khz
				  ? arena_printf(a, " tsc_early_khz=%" PRIu64 " tsc=reliable",
					    w->tsc_khz)
				  : "";

	return arena_printf(a, "console=ttyS%d %s %s%s%s%s rdinit=" BOOT_INIT "%s%s",
		MACHINE_KERNEL, w->verbose ? "loglevel=7" : "quiet loglevel=1", m->append,
		w->kvm ? "" : " ", w->kvm ? "" : m->append_tcg, tsc, w->append ? " " : "",
		w->append ? w->append : "");
}

static int check(const struct machine_wish *w, const struct machine_plan *p, struct err *e)
{
	struct utsname host;

	if (uname(&host) == 0 && strcmp(host.machine, "x86_64") != 0 && w->kvm)
		return err_set(e, -EINVAL, "KVM on %s runs no x86_64 machine", host.machine);
	if (p->memory < MEMORY_MIN)
		return err_set(e, -EINVAL, "a machine needs %d MiB of memory", MEMORY_MIN);
	if (w->cpus > CPUS_MAX)
		return err_set(e, -EINVAL, "a machine has at most %d processors", CPUS_MAX);
	if (strlen(p->append) > APPEND_MAX)
		return err_set(e, -E2BIG, "the kernel's command line is longer than %d bytes",
			APPEND_MAX);
	return 0;
}

static void put_disk(struct words *w, const struct machine *m, struct arena *a)
{
	put2(w, "-drive",
		arena_printf(a, "id=root,if=none,format=raw,readonly=on,file=/dev/fd/%d",
			MACHINE_FD_DISK));
	put2(w, "-device", m->disk);
}

static void put_devices(struct words *w, struct arena *a)
{
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		put2(w, "-chardev",
			arena_printf(
				a, "socket,id=%s,fd=%zu", ports[i].name, MACHINE_FD_PORT + i));
		put2(w, "-device", ports[i].device);
	}
	put2(w, "-fw_cfg",
		arena_printf(a, "name=" BOOT_FW_CFG ",file=/dev/fd/%d", MACHINE_FD_RECORD));
}

int machine_plan(
	const struct machine_wish *w, struct arena *a, struct machine_plan *out, struct err *e)
{
	const struct machine *m = NULL;
	struct words words = { arena_alloc(a, WORDS_MAX * sizeof(char *)), 0 };
	struct machine_plan p;
	int r = find(w->machine, &m, e);

	if (r < 0)
		return r;
	p = (struct machine_plan){ words.items, choose_memory(w), make_append(m, w, a),
		w->kvm ? "kvm" : "tcg" };
	r = check(w, &p, e);
	if (r < 0)
		return r;
	put(&words, MACHINE_QEMU);
	put2(&words, "-M", m->type);
	put2(&words, "-accel", p.accelerator);
	put2(&words, "-cpu", w->kvm ? "host" : "max,la57=off");
	put2(&words, "-m", arena_printf(a, "%" PRIu64, p.memory));
	put2(&words, "-smp", arena_printf(a, "%u", w->cpus ? w->cpus : 1));
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		put(&words, fixed[i]);
	put_devices(&words, a);
	if (w->disk)
		put_disk(&words, m, a);
	put2(&words, "-kernel", w->kernel);
	put2(&words, "-initrd",
		w->initrd ? w->initrd : arena_printf(a, "/dev/fd/%d", MACHINE_FD_INITRD));
	put2(&words, "-append", p.append);
	*out = p;
	return 0;
}

void machine_print(const struct machine_plan *p, FILE *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=./:,@%";

	for (const char *const *word = p->argv; *word; word++) {
		(void)fputs(word == p->argv ? "" : " ", out);
		if (**word && !(*word)[strspn(*word, plain)]) {
			(void)fputs(*word, out);
			continue;
		}
		(void)fputc('\'', out);
		for (const char *c = *word; *c; c++)
			(void)fputs(*c == '\'' ? "'\\''" : (char[]){ *c, '\0' }, out);
		(void)fputc('\'', out);
	}
	(void)fputc('\n', out);
}
