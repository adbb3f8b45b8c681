/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the index.json of an OCI layout, or, where they begin with '[', as the
 * manifest.json of a docker archive.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "builder/image/internal.h"
#include "lib/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* An archive of one member that lies at the start of an unlinked file. */
static void one_member(struct image *i, const char *name, size_t size)
{
	struct entry *entry = entry_list_add(&i->source.members);
	struct inode *inode = arena_alloc(&i->arena, sizeof(*inode));

	inode->content = content_of_fd(&i->arena, i->spool.fd, 0, size);
	entry->path = name;
	entry->inode = inode;
	i->source.index = xcalloc(1, sizeof(*i->source.index));
	i->source.index[0] = entry;
	i->source.index_count = 1;
	i->source.archive = i->spool.fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct image *i = xcalloc(1, sizeof(*i));
	bool docker = size && *bytes == '[';
	struct err e;

	i->source.dir = -1;
	if (spool_open(&i->spool, NULL, NULL, &e) >= 0 &&
		io_pwrite(i->spool.fd, bytes, size, 0) >= 0) {
		one_member(i, docker ? "manifest.json" : "index.json", size);
		if ((docker ? docker_open(i, &e) : oci_open(i, &e)) >= 0)
			i->name = NULL;
	}
	i->source.archive = -1;
	image_free(i);
	return 0;
}
