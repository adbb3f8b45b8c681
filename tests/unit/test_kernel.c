/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels and modules are made here, byte by byte: the real ones are tested by booting them. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "lib/extract.h"
#include "lib/mem.h"
#include "qemu/elf.h"
#include "qemu/modules.h"
#include "qemu/vmlinux.h"
#include "tests/unit/tap.h"

enum { KERNEL_SIZE = 4096, NOTES = 1024, PAYLOAD = 1024 };

/* An ELF file with one PT_NOTE that holds a note of that type, owned by Xen. */
static void make_kernel(char kernel[KERNEL_SIZE], uint32_t type)
{
	Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				 ELFDATA2LSB },
		.e_phoff = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1 };
	const Elf64_Phdr part = { .p_type = PT_NOTE, .p_offset = NOTES, .p_filesz = 64 };
	const Elf64_Nhdr other = { 4, 4, 6 }, note = { 4, 8, type };

	memset(kernel, 0, KERNEL_SIZE);
	memcpy(kernel, &h, sizeof(h));
	memcpy(kernel + sizeof(h), &part, sizeof(part));
	memcpy(kernel + NOTES, &other, sizeof(other));
	memcpy(kernel + NOTES + 12, "GNU", 4);
	memcpy(kernel + NOTES + 20, &note, sizeof(note));
	memcpy(kernel + NOTES + 32, "Xen", 4);
}

/* A bzImage with one setup sector whose payload is `bytes`, in the legacy frame of LZ4. */
static void make_bzimage(struct buf *b, const char *bytes, size_t size)
{
	static const unsigned char magic[] = { 0x02, 0x21, 0x4c, 0x18 };
	struct buf block = { 0 };
	char head[PAYLOAD] = { 0 };
	uint32_t length, unpacked = (uint32_t)size;

	/* One LZ4 sequence of literals only. */
	buf_putc(&block, (char)0xf0);
	for (size = size - 15; size >= 255; size -= 255)
		buf_putc(&block, (char)255);
	buf_putc(&block, (char)size);
	buf_put(&block, bytes, unpacked);
	head[0x1f1] = 1;
	memcpy(head + 0x202, "HdrS\x0f\x02", 6);
	length = (uint32_t)block.size + 12;
	memcpy(head + 0x24c, &length, sizeof(length));
	buf_put(b, head, sizeof(head));
	buf_put(b, magic, sizeof(magic));
	length = (uint32_t)block.size;
	buf_put(b, &length, sizeof(length));
	buf_put(b, block.bytes, block.size);
	buf_put(b, &unpacked, sizeof(unpacked));
	buf_release(&block);
}

static void a_kernel_with_xens_note_boots_by_pvh(void)
{
	char kernel[KERNEL_SIZE];

	make_kernel(kernel, 18);
	check(elf_is(kernel, sizeof(kernel)));
	check(elf_boots_by_pvh(kernel, sizeof(kernel)));
	make_kernel(kernel, 17);
	check(!elf_boots_by_pvh(kernel, sizeof(kernel)));
}

static void a_kernel_cut_anywhere_is_read_within_its_bounds(void)
{
	char kernel[KERNEL_SIZE];

	make_kernel(kernel, 18);
	for (size_t n = 0; n < NOTES + 36; n++) {
		char *cut = xmalloc(n + 1);

		memcpy(cut, kernel, n);
		check(!elf_boots_by_pvh(cut, n));
		free(cut);
	}
}

static void the_kernel_in_a_bzimage_comes_out_of_its_legacy_lz4_frame(void)
{
	char kernel[KERNEL_SIZE];
	struct buf image = { 0 }, out = { 0 };
	struct err e = { { 0 } };

	make_kernel(kernel, 18);
	make_bzimage(&image, kernel, sizeof(kernel));
	check_int(vmlinux_extract(image.bytes, image.size, &out, &e), 0);
	check_text(e.text, "");
	check_int(out.size, sizeof(kernel));
	check(out.size == sizeof(kernel) && !memcmp(out.bytes, kernel, sizeof(kernel)));
	buf_release(&image);
	buf_release(&out);
}

static void what_holds_no_pvh_kernel_is_left_as_it_is(void)
{
	char kernel[KERNEL_SIZE];
	struct buf image = { 0 }, out = { 0 };
	struct err e;

	check_int(vmlinux_extract("MZ", 2, &out, &e), -ENOEXEC);
	check_text(e.text, "not a bzImage with a payload");
	make_kernel(kernel, 17);
	make_bzimage(&image, kernel, sizeof(kernel));
	check_int(vmlinux_extract(image.bytes, image.size, &out, &e), -ENOEXEC);
	check_text(e.text, "the kernel inside the bzImage has no PVH entry");
	/* A payload that reaches beyond the end of the file. */
	check_int(vmlinux_extract(image.bytes, image.size - 1, &out, &e), -ENOEXEC);
	buf_release(&image);
	buf_release(&out);
}

/* A module as far as modules_add looks: a section .modinfo. */
static void make_module(struct buf *b, const char *depends)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	char info[128] = "license=GPL";
	size_t info_size = sizeof("license=GPL");
	Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				 ELFDATA2LSB },
		.e_shoff = sizeof(h),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 2 };
	Elf64_Shdr s[3] = { { 0 }, { .sh_name = 1, .sh_offset = sizeof(h) + sizeof(s) },
		{ .sh_name = 10, .sh_size = sizeof(names) } };

	info_size += (size_t)snprintf(info + info_size, sizeof(info) - info_size, "depends=%s",
			     depends) +
		     1;
	s[1].sh_size = info_size;
	s[2].sh_offset = s[1].sh_offset + info_size;
	buf_put(b, &h, sizeof(h));
	buf_put(b, s, sizeof(s));
	buf_put(b, info, info_size);
	buf_put(b, names, sizeof(names));
}

static void add(struct modules *m, const char *path, const char *depends)
{
	struct buf file = { 0 };
	struct err e = { { 0 } };

	make_module(&file, depends);
	check_int(modules_add(m, path, &file, &e), 0);
	check_text(e.text, "");
	buf_release(&file);
}

static void modules_load_behind_what_they_need(void)
{
	static const char *const wanted[] = { "built_in", "virtio_blk", "erofs", "virtio_rng",
		NULL };
	static const char *const order[] = { "virtio_ring", "virtio", "virtio_blk", "libcrc32c",
		"erofs", "virtio_rng" };
	struct modules m;

	modules_init(&m);
	add(&m, "lib/modules/6/kernel/drivers/block/virtio_blk.ko", "virtio,virtio_ring");
	add(&m, "lib/modules/6/kernel/drivers/net/dummy.ko", "");
	add(&m, "lib/modules/6/kernel/fs/erofs/erofs.ko", "libcrc32c");
	add(&m, "lib/modules/6/kernel/drivers/virtio/virtio.ko", "virtio_ring");
	add(&m, "lib/modules/6/kernel/drivers/virtio/virtio_ring.ko", "");
	add(&m, "lib/modules/6/kernel/lib/libcrc32c.ko", "");
	add(&m, "lib/modules/6/kernel/drivers/char/hw_random/virtio-rng.ko", "virtio");
	modules_keep(&m, wanted);
	check_int(m.count, ARRAY_LEN(order));
	for (size_t i = 0; i < m.count && i < ARRAY_LEN(order); i++)
		check_text(m.items[i].name, order[i]);
	modules_release(&m);
}

static void modules_that_need_each_other_end(void)
{
	static const char *const wanted[] = { "a", NULL };
	struct modules m;

	modules_init(&m);
	add(&m, "a.ko", "b");
	add(&m, "b.ko", "a");
	modules_keep(&m, wanted);
	check_int(m.count, 2);
	modules_release(&m);
}

static void a_file_that_is_no_module_is_refused_by_name(void)
{
	struct modules m;
	struct buf file = { 0 };
	struct err e;

	modules_init(&m);
	buf_puts(&file, "hello");
	check(modules_is("lib/modules/6/x.ko.zst"));
	check(!modules_is("lib/modules/6/modules.order"));
	check_int(modules_add(&m, "lib/x.ko.zst", &file, &e), -ENOEXEC);
	check_text(e.text, "'lib/x.ko.zst': not a kernel module");
	buf_release(&file);
	modules_release(&m);
}

static void what_unpacks_to_too_much_is_refused(void)
{
	char zeros[KERNEL_SIZE] = { 0 };
	struct buf out = { 0 };
	struct err e;

	check_int(extract_bytes(zeros, sizeof(zeros), 100, &out, &e), -EFBIG);
	check_text(e.text, "cannot unpack: more than 100 bytes");
	buf_release(&out);
}

int main(void)
{
	RUN(a_kernel_with_xens_note_boots_by_pvh);
	RUN(a_kernel_cut_anywhere_is_read_within_its_bounds);
	RUN(the_kernel_in_a_bzimage_comes_out_of_its_legacy_lz4_frame);
	RUN(what_holds_no_pvh_kernel_is_left_as_it_is);
	RUN(modules_load_behind_what_they_need);
	RUN(modules_that_need_each_other_end);
	RUN(a_file_that_is_no_module_is_refused_by_name);
	RUN(what_unpacks_to_too_much_is_refused);
	return tap_done();
}
