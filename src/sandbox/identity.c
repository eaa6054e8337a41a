#include "sandbox/identity.h"

#include <assert.h>
#include <stdio.h>

#include "core/digest.h"

static void digest_name(uint8_t digest[DIGEST_SHA256_LEN], const char *purpose, struct slice name,
                        unsigned number)
{
    char salt[64];
    int len = snprintf(salt, sizeof salt, "%s:%u:", purpose, number);
    assert(len > 0 && (size_t)len < sizeof salt);
    digest_sha256(slice_make(salt, (size_t)len), name, digest);
}

void identity_write(char *out, size_t chars, const char *purpose, struct slice name, unsigned number)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint8_t digest[DIGEST_SHA256_LEN];
    static_assert((int)IDENTITY_CHARS_MAX <= (int)DIGEST_SHA256_LEN,
                  "each character needs a byte of the digest");
    assert(chars <= IDENTITY_CHARS_MAX);
    digest_name(digest, purpose, name, number);
    for (size_t i = 0; i < chars; i++)
        out[i] = alphabet[digest[i] % 36];
    out[chars] = '\0';
}

void identity_write_uuid(char out[IDENTITY_UUID_SIZE], const char *purpose, struct slice name,
                         unsigned number)
{
    uint8_t digest[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1];
    digest_name(digest, purpose, name, number);
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
    digest_hex(digest, sizeof digest, hex);
    snprintf(out, IDENTITY_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}
