/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/machine.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/tap.h"

static const struct machine_wish usual = {
	.kernel = "/k/vmlinux",
	.tsc_khz = 2700000,
	.root_size = 2000000,
};

struct planned {
	struct arena arena;
	struct machine_plan plan;
	struct err e;
	int result;
	char *text; /* as machine_print writes it */
};

static void plan(struct planned *p, const struct machine_wish *w)
{
	size_t size;
	FILE *out;

	*p = (struct planned){ 0 };
	arena_init(&p->arena);
	p->result = machine_plan(w, &p->arena, &p->plan, &p->e);
	if (p->result < 0)
		return;
	out = open_memstream(&p->text, &size);
	machine_print(&p->plan, out);
	(void)fclose(out);
}

static void done(struct planned *p)
{
	arena_release(&p->arena);
	free(p->text);
}

static int holds(const struct planned *p, const char *text)
{
	return p->text && strstr(p->text, text) != NULL;
}

static void a_stock_kernel_gets_q35_and_what_its_clocks_need(void)
{
	struct planned p;

	plan(&p, &usual);
	check_int(p.result, 0);
	check(holds(&p, "qemu-system-x86_64 -M q35 -accel tcg "));
	check(holds(&p, " -nodefaults -no-user-config -display none "));
	check(holds(&p, " -kernel /k/vmlinux -initrd /dev/fd/8 "));
	check_text(p.plan.append,
		"console=ttyS2 quiet loglevel=1 panic=-1 reboot=t cryptomgr.notests "
		"no_timer_check noreplace-smp nolapic_timer tsc_early_khz=2700000 tsc=reliable "
		"rdinit=/sbin/cinit");
	check_text(p.plan.accelerator, "tcg");
	done(&p);
}

static void with_kvm_the_guest_finds_its_clocks_itself(void)
{
	struct machine_wish w = usual;
	struct planned p;

	w.kvm = true;
	plan(&p, &w);
	check(holds(&p, " -accel kvm -cpu host "));
	check(!holds(&p, "tsc"));
	check(!holds(&p, "nolapic_timer"));
	done(&p);
}

static void four_ports_and_the_record_come_as_descriptors(void)
{
	static const char *const words[] = {
		"-chardev socket,id=console,fd=3 -device isa-serial,chardev=console,index=0",
		"-chardev socket,id=control,fd=4 -device isa-serial,chardev=control,index=1",
		"-chardev socket,id=kernel,fd=5 -device isa-serial,chardev=kernel,index=2,irq=10",
		"-chardev socket,id=error,fd=6 -device isa-serial,chardev=error,index=3,irq=11",
		"-fw_cfg name=opt/cinit/boot,file=/dev/fd/7",
	};
	struct planned p;

	plan(&p, &usual);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		check(holds(&p, words[i]));
	done(&p);
}

static void memory_follows_the_size_of_the_root(void)
{
	static const struct {
		uint64_t root, asked, mib;
	} cases[] = {
		{ 0, 0, 256 },
		{ 2000000, 0, 320 },
		{ 170 * 1024 * 1024, 0, 704 },
		{ 170 * 1024 * 1024, 512 * 1024 * 1024, 512 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct machine_wish w = usual;
		struct planned p;

		w.root_size = cases[i].root;
		w.memory = cases[i].asked;
		plan(&p, &w);
		check_int(p.plan.memory, cases[i].mib);
		done(&p);
	}
}

static void a_disk_is_a_descriptor_whose_size_asks_for_no_memory(void)
{
	struct machine_wish w = usual;
	struct planned p;

	w.disk = true;
	w.root_size = (uint64_t)1 << 40;
	plan(&p, &w);
	check(holds(&p, " -drive "
			"id=root,if=none,format=raw,readonly=on,file=/dev/fd/9 -device "
			"virtio-blk-pci,drive=root "));
	check(holds(&p, " -initrd /dev/fd/8 "));
	check_int(p.plan.memory, 512);
	done(&p);
	w.machine = "microvm";
	plan(&p, &w);
	check(holds(&p, " -device virtio-blk-device,drive=root "));
	done(&p);
}

static void a_machine_names_the_modules_that_its_disk_needs(void)
{
	static const char *const names[] = { NULL, "q35", "microvm" };
	static const char *const bus[] = { "virtio_pci", "virtio_pci", "virtio_mmio" };
	const char *const *drivers = NULL;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bus); i++) {
		check_int(machine_drivers(names[i], &drivers, &e), 0);
		check_text(drivers[0], bus[i]);
		check_text(drivers[3], "overlay");
		check(!drivers[4]);
	}
	check_int(machine_drivers("pdp11", &drivers, &e), -EINVAL);
	check_text(e.text, "there is no machine 'pdp11'; there are: q35, microvm");
}

static void what_cannot_be_is_refused_before_anything_starts(void)
{
	char *longest = xmalloc(2100);
	struct machine_wish wrong[] = { usual, usual, usual, usual };
	static const char *const why[] = {
		"there is no machine 'pdp11'; there are: q35, microvm",
		"a machine needs 64 MiB of memory",
		"a machine has at most 64 processors",
		"the kernel's command line is longer than 2047 bytes",
	};

	memset(longest, 'a', 2099);
	longest[2099] = '\0';
	wrong[0].machine = "pdp11";
	wrong[1].memory = 1024;
	wrong[2].cpus = 65;
	wrong[3].append = longest;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct planned p;

		plan(&p, &wrong[i]);
		check(p.result < 0);
		check_text(p.e.text, why[i]);
		done(&p);
	}
	free(longest);
}

static void printed_words_are_quoted_for_a_shell(void)
{
	struct machine_wish w = usual;
	struct planned p;

	w.initrd = "it's here.cpio";
	plan(&p, &w);
	check(holds(&p, " -initrd 'it'\\''s here.cpio' -append 'console=ttyS2 "));
	done(&p);
}

int main(void)
{
	RUN(a_stock_kernel_gets_q35_and_what_its_clocks_need);
	RUN(with_kvm_the_guest_finds_its_clocks_itself);
	RUN(four_ports_and_the_record_come_as_descriptors);
	RUN(memory_follows_the_size_of_the_root);
	RUN(a_disk_is_a_descriptor_whose_size_asks_for_no_memory);
	RUN(a_machine_names_the_modules_that_its_disk_needs);
	RUN(what_cannot_be_is_refused_before_anything_starts);
	RUN(printed_words_are_quoted_for_a_shell);
	return tap_done();
}
