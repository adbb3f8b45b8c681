/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an image's config, which becomes a boot record. */
#include <stddef.h>
#include <stdint.h>

#include "builder/image/internal.h"
#include "builder/merge/adapt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	auto_json json_t *document = NULL;
	struct image_config config = { 0 };
	struct tree *t = tree_new();
	const struct adapt a = { t, 0 };
	struct err e;

	if (json_read((const char *)bytes, size, "config", &document, &e) >= 0 &&
		config_parse(document, tree_arena(t), &config, &e) >= 0 &&
		adapt_boot_record(&a, &config, &e) >= 0)
		tree_sort(t);
	tree_free(t);
	return 0;
}
