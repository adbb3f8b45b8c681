/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/options.h"

static const struct opt table[] = {
#define OPT(...) OPT_LINE(struct cbox_row, __VA_ARGS__)
#include "cbox/options.def"
#undef OPT
};

static const struct opts_verb verbs[] = {
	{ VERB_RUN, "run", "[options] IMAGE|ROOTFS [command ...]",
		"run a root file system as a container", true },
	{ VERB_BOOT, "boot", "[options] IMAGE|ROOTFS|EROFS|INITRAMFS [command ...]",
		"boot a root file system as a virtual machine", true },
	{ VERB_COMPARE, "compare", "[options] IMAGE|ROOTFS [command ...]",
		"run it as a container and as a virtual machine, and compare", true },
};

static const struct opts_spec spec = {
	.program = "cbox",
	.summary = "runs one root file system as a container or as a virtual machine",
	.table = table,
	.count = ARRAY_LEN(table),
	.verbs = verbs,
	.verb_count = ARRAY_LEN(verbs),
};

const struct opts_spec *cbox_options(void)
{
	return &spec;
}
