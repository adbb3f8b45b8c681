/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu/elf.h"

#include <elf.h>
#include <string.h>

struct file {
	const char *bytes;
	size_t size;
	Elf64_Ehdr header;
};

static bool inside(const struct file *f, uint64_t offset, uint64_t length)
{
	return offset <= f->size && length <= f->size - offset;
}

/* Copied, since nothing says that a table in the file is aligned. */
static bool get(const struct file *f, uint64_t offset, void *to, size_t length)
{
	if (!inside(f, offset, length))
		return false;
	memcpy(to, f->bytes + offset, length);
	return true;
}

static bool open_file(struct file *f, const char *bytes, size_t size)
{
	*f = (struct file){ .bytes = bytes, .size = size };
	return get(f, 0, &f->header, sizeof(f->header)) &&
	       !memcmp(f->header.e_ident, ELFMAG, SELFMAG) &&
	       f->header.e_ident[EI_CLASS] == ELFCLASS64 &&
	       f->header.e_ident[EI_DATA] == ELFDATA2LSB;
}

bool elf_is(const char *bytes, size_t size)
{
	struct file f;

	return open_file(&f, bytes, size);
}

static uint64_t aligned(uint64_t n)
{
	return (n + 3) & ~(uint64_t)3;
}

/* Is there a note of that owner and type between the offsets? */
static bool has_note(
	const struct file *f, uint64_t at, uint64_t end, const char *owner, uint32_t type)
{
	Elf64_Nhdr note;

	for (; at + sizeof(note) <= end && get(f, at, &note, sizeof(note));
		at += sizeof(note) + aligned(note.n_namesz) + aligned(note.n_descsz)) {
		uint64_t name = at + sizeof(note);

		if (note.n_type == type && note.n_namesz == strlen(owner) + 1 &&
			inside(f, name, note.n_namesz) &&
			!memcmp(f->bytes + name, owner, note.n_namesz))
			return true;
	}
	return false;
}

bool elf_boots_by_pvh(const char *bytes, size_t size)
{
	enum { PHYS32_ENTRY = 18 }; /* of Xen's elfnote.h */
	struct file f;
	Elf64_Phdr part;

	if (!open_file(&f, bytes, size) || f.header.e_phentsize != sizeof(part))
		return false;
	for (uint64_t i = 0; i < f.header.e_phnum; i++)
		if (get(&f, f.header.e_phoff + i * sizeof(part), &part, sizeof(part)) &&
			part.p_type == PT_NOTE && inside(&f, part.p_offset, part.p_filesz) &&
			has_note(&f, part.p_offset, part.p_offset + part.p_filesz, "Xen",
				PHYS32_ENTRY))
			return true;
	return false;
}

static bool section(const struct file *f, uint64_t index, Elf64_Shdr *to)
{
	return get(f, f->header.e_shoff + index * sizeof(*to), to, sizeof(*to)) &&
	       inside(f, to->sh_offset, to->sh_size);
}

const char *elf_section(const char *bytes, size_t size, const char *name, size_t *length)
{
	size_t name_size = strlen(name) + 1;
	struct file f;
	Elf64_Shdr names, s;

	if (!open_file(&f, bytes, size) || f.header.e_shentsize != sizeof(s) ||
		!section(&f, f.header.e_shstrndx, &names))
		return NULL;
	for (uint64_t i = 0; i < f.header.e_shnum; i++) {
		if (!section(&f, i, &s) || s.sh_name > names.sh_size ||
			name_size > names.sh_size - s.sh_name ||
			memcmp(bytes + names.sh_offset + s.sh_name, name, name_size) != 0)
			continue;
		*length = s.sh_size;
		return bytes + s.sh_offset;
	}
	return NULL;
}
