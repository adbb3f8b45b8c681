/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/fields.h"

#include <string.h>
#include <sys/resource.h>

#define OFFSET_MOUNT(m)     offsetof(struct boot_mount, m)
#define OFFSET_TEXT(m)      offsetof(struct boot, m)
#define OFFSET_LIST(m)      offsetof(struct boot, m)
#define OFFSET_U32(m)       offsetof(struct boot, m)
#define OFFSET_U64(m)       offsetof(struct boot, m)
#define OFFSET_OCTAL(m)     offsetof(struct boot, m)
#define OFFSET_HEX(m)       offsetof(struct boot, m)
#define OFFSET_BOOL(m)      offsetof(struct boot, m)
#define OFFSET_IDS(m)       offsetof(struct boot, m)
#define OFFSET_LIMITS(m)    offsetof(struct boot, m)
#define OFFSET_MOUNTS(m)    offsetof(struct boot, m)
#define OFFSET_ROOT_MODE(m) offsetof(struct boot, m)
#define OFFSET_FINISH(m)    offsetof(struct boot, m)

const struct field boot_fields[] = {
#define FIELD(kind, member, key, doc) { key, KIND_##kind, OFFSET_##kind(member) },
#include "boot/fields.def"
#undef FIELD
};

const size_t boot_field_count = sizeof(boot_fields) / sizeof(boot_fields[0]);

const char *const boot_root_mode_words[3] = { "overlay", "ro", "rw" };
const char *const boot_finish_words[5] = { NULL, "exit", "poweroff", "reboot", "exec" };

static const struct {
	const char *name;
	uint32_t resource;
} limits[] = {
#define LIMIT(name, resource) { name, resource },
#include "boot/limits.def"
#undef LIMIT
};

int boot_limit_resource(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (strlen(limits[i].name) == length && !memcmp(limits[i].name, name, length))
			return (int)limits[i].resource;
	return -1;
}

const char *boot_limit_name(uint32_t resource)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].resource == resource)
			return limits[i].name;
	return NULL;
}

void boot_init(struct boot *b)
{
	static const char *const no_items[1];
	const struct boot_list empty = { no_items, 0 };

	memset(b, 0, offsetof(struct boot, strings));
	b->strings[0] = NULL; /* the word in front of argv */
	b->string_count = 1;
	b->argv = b->env = b->nameservers = b->modules = empty;
	b->cwd = "/";
	b->umask = 022;
	b->cap_bounding = b->cap_permitted = b->cap_effective = BOOT_CAPS_KEEP;
	b->cap_inheritable = b->cap_ambient = BOOT_CAPS_KEEP;
	b->stop_signal = 15;
	b->grace = 5000;
}
