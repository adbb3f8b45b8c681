/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a payload sees of where it runs, told on standard output as boot/boot.h says
 * (BOOT_FACTS): it works in any root, also in one without ps. 0, or -errno when nothing could
 * be told.
 */
int facts_tell(void);
