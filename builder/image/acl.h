/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "builder/tree/tree.h"
#include "lib/attr.h"
#include "lib/err.h"
#include "lib/mem.h"

struct archive_entry;

/*
 * POSIX ACLs that an archive has as text (`tar --acls`: SCHILY.acl.access, SCHILY.acl.default),
 * as the extended attributes that they are in the kernel.
 */
enum { ACL_XATTRS_MAX = 2 };

/*
 * Puts those of the entry to `to`, which has room for ACL_XATTRS_MAX, and their number to
 * *count. Where there is a mask, the group's bits of *mode become the mask's, as the kernel has
 * it (acl(5)): libarchive says there what the ACL gives to the group. -EINVAL where one is for
 * a user or group that has a name and no number: whose it is in the image, its layers alone do
 * not tell.
 */
int acl_xattrs(struct arena *a, struct archive_entry *from, struct xattr to[ACL_XATTRS_MAX],
	uint32_t *count, uint32_t *mode, struct err *e) must_check;
