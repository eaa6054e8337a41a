#include "sandbox/identity.h"

#include <assert.h>
#include <stdio.h>

#include "core/digest.h"

void identity_write(char *out, size_t chars, const char *purpose, struct slice name, unsigned number)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint8_t digest[DIGEST_SHA256_LEN];
    char salt[64];
    assert(chars <= sizeof digest && chars <= IDENTITY_CHARS_MAX);
    int len = snprintf(salt, sizeof salt, "%s:%u:", purpose, number);
    assert(len > 0 && (size_t)len < sizeof salt);
    digest_sha256(slice_make(salt, (size_t)len), name, digest);
    for (size_t i = 0; i < chars; i++)
        out[i] = alphabet[digest[i] % 36];
    out[chars] = '\0';
}
