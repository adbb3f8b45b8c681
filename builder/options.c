/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/options.h"

static const struct opt table[] = {
#define OPT(...) OPT_LINE(struct cbuild_row, __VA_ARGS__)
#include "builder/options.def"
#undef OPT
};

static const struct opts_verb verbs[] = {
	{ VERB_BUILD, NULL, "[options] IMAGE... -o OUT",
		"makes a root file system that starts anywhere out of a container image",
		false },
	{ VERB_INSPECT, "inspect", "[options] IMAGE...",
		"shows what an image is made of and what each layer does", false },
	{ VERB_DIFF, "diff", "[options] IMAGE|DIR IMAGE|DIR",
		"tells in what two images or directories differ", false },
	{ VERB_LAYER, "layer", "[options] UPPERDIR -o LAYER.tar[.gz|.zst]",
		"packs the upper directory of an overlay mount as a layer", false },
	{ VERB_COMMIT, "commit", "[options] IMAGE UPPERDIR -o OUT",
		"puts the upper directory of an overlay mount on an image as a layer", false },
};

static const struct opts_spec spec = {
	.program = "cbuild",
	.summary = "makes root file systems out of container images",
	.table = table,
	.count = ARRAY_LEN(table),
	.verbs = verbs,
	.verb_count = ARRAY_LEN(verbs),
};

const struct opts_spec *cbuild_options(void)
{
	return &spec;
}
