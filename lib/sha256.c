/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sha256_init(struct sha256 *s)
{
	s->state = EVP_MD_CTX_new();
	/* Only memory can be short here. */
	if (!s->state || EVP_DigestInit_ex(s->state, EVP_sha256(), NULL) != 1)
		abort();
}

void sha256_release(struct sha256 *s)
{
	if (!s)
		return;
	EVP_MD_CTX_free(s->state);
	s->state = NULL;
}

void sha256_put(struct sha256 *s, const void *bytes, size_t size)
{
	(void)EVP_DigestUpdate(s->state, bytes, size);
}

void sha256_digest(struct sha256 *s, char digest[DIGEST_SIZE])
{
	unsigned char raw[SHA256_SIZE];

	(void)EVP_DigestFinal_ex(s->state, raw, NULL);
	memcpy(digest, "sha256:", 8);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		(void)snprintf(digest + 7 + 2 * i, 3, "%02x", raw[i]);
}

bool digest_valid(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strlen(text) == DIGEST_SIZE - 1 &&
	       strspn(text + 7, "0123456789abcdef") == SHA256_HEX;
}
