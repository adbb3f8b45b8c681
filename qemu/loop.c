/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of the probe: a machine of 2 MiB whose one processor is put in long mode, where a
 * kernel runs too.
 *
 *	0x1000	page tables: one entry each in level 4, 3 and 2, which maps 2 MiB
 *	0x4000	mov ecx, 200000; 1: dec ecx; jnz 1b; out 0xf4, al
 */
#include "qemu/probe.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/auto.h"

enum {
	MEMORY = 2 * 1024 * 1024,
	LEVEL4 = 0x1000,
	LEVEL3 = 0x2000,
	LEVEL2 = 0x3000,
	CODE = 0x4000
};

/* 0x30d40 is 200,000. */
static const unsigned char loop[] = { 0xb9, 0x40, 0x0d, 0x03, 0x00, 0xff, 0xc9, 0x75, 0xfc,
	0xe6, 0xf4, 0xf4 };

static void fill(unsigned char *memory)
{
	const uint64_t present_writable = 3, large = 0x80;
	const struct {
		size_t at;
		uint64_t entry;
	} tables[] = {
		{ LEVEL4, LEVEL3 | present_writable },
		{ LEVEL3, LEVEL2 | present_writable },
		{ LEVEL2, large | present_writable },
	};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		memcpy(memory + tables[i].at, &tables[i].entry, sizeof(tables[i].entry));
	memcpy(memory + CODE, loop, sizeof(loop));
}

static int set_long_mode(int cpu)
{
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };
	struct kvm_segment code = { .selector = 8,
		.type = 11,
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
		.limit = 0xffffffff };
	struct kvm_segment data = code;
	struct kvm_sregs s;

	if (ioctl(cpu, KVM_GET_SREGS, &s) < 0)
		return -1;
	data.type = 3;
	data.selector = 16;
	data.l = 0;
	data.db = 1;
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cr3 = LEVEL4;
	s.cr4 |= 0x20;        /* PAE */
	s.efer |= 0x500;      /* LME, LMA */
	s.cr0 |= 0x80000001u; /* PG, PE */
	if (ioctl(cpu, KVM_SET_SREGS, &s) < 0)
		return -1;
	return ioctl(cpu, KVM_SET_REGS, &regs);
}

static enum probe_verdict run(int machine, int kvm)
{
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	auto_close int cpu = ioctl(machine, KVM_CREATE_VCPU, 0);
	struct kvm_run *state;

	if (cpu < 0 || size < (int)sizeof(*state))
		return PROBE_BROKEN;
	state = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
	if (state == MAP_FAILED || set_long_mode(cpu) < 0)
		return PROBE_BROKEN;
	while (ioctl(cpu, KVM_RUN, 0) < 0)
		if (errno != EINTR)
			return PROBE_BROKEN;
	return state->exit_reason == KVM_EXIT_IO ? PROBE_WORKS : PROBE_BROKEN;
}

enum probe_verdict probe_loop(void)
{
	enum { API = 12 };
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };
	auto_close int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), machine = -1;
	unsigned char *memory;

	if (kvm < 0)
		return errno == EACCES || errno == EPERM ? PROBE_FORBIDDEN : PROBE_MISSING;
	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != API)
		return PROBE_BROKEN;
	machine = ioctl(kvm, KVM_CREATE_VM, 0);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (machine < 0 || memory == MAP_FAILED)
		return PROBE_BROKEN;
	fill(memory);
	memcpy(&region.userspace_addr, &memory, sizeof(memory));
	if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return PROBE_BROKEN;
	return run(machine, kvm);
}
