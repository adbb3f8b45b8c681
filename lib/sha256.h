/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/attr.h"

/*
 * SHA-256 through libcrypto, which uses the processor's instructions for it. Digests are
 * written as OCI's descriptors have them: "sha256:" and 64 lower-case hexadecimal digits.
 */
enum { SHA256_SIZE = 32, SHA256_HEX = 64, DIGEST_SIZE = 7 + SHA256_HEX + 1 /* with the NUL */ };

struct sha256 {
	void *state; /* libcrypto's */
};

#define auto_sha256 released_by(sha256_release)

void sha256_init(struct sha256 *s);
void sha256_release(struct sha256 *s);
void sha256_put(struct sha256 *s, const void *bytes, size_t size);
/* Ends it: no more bytes may be put. */
void sha256_digest(struct sha256 *s, char digest[DIGEST_SIZE]);

/* Whether it is sha256: and 64 lower-case hexadecimal digits, and nothing else. */
bool digest_valid(const char *text);
