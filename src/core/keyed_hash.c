#include "core/keyed_hash.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <xxhash.h>

#include "core/digest.h"
#include "core/memory.h"
#include "core/secret.h"

enum {
    KEYED_HASH_SECRET_LEN = 192, /* as XXH3's own; three digests of HMAC-SHA512 */
    KEYED_HASH_CIPHER_KEY_LEN = 32,
};

struct keyed_hash {
    uint8_t secret[KEYED_HASH_SECRET_LEN];
    EVP_CIPHER_CTX *cipher;
};

static void keyed_hash_derive(struct digest_hmac *hmac, const char *name, uint8_t out[DIGEST_SHA512_LEN])
{
    digest_hmac_begin(hmac);
    digest_hmac_add(hmac, slice_from(name));
    digest_hmac_end(hmac, out);
}

struct keyed_hash *keyed_hash_new(struct slice key)
{
    static const char *const names[] = {"keyed_hash secret 1", "keyed_hash secret 2", "keyed_hash secret 3"};
    struct keyed_hash *hash = memory_new(1, sizeof *hash);
    struct digest_hmac *hmac = digest_hmac_new(DIGEST_SHA512, key);
    uint8_t cipher_key[DIGEST_SHA512_LEN];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        keyed_hash_derive(hmac, names[i], hash->secret + i * DIGEST_SHA512_LEN);
    keyed_hash_derive(hmac, "keyed_hash cipher", cipher_key);
    digest_hmac_free(hmac);
    hash->cipher = EVP_CIPHER_CTX_new();
    if (!hash->cipher || !EVP_EncryptInit_ex2(hash->cipher, EVP_aes_256_ecb(), cipher_key, NULL, NULL) ||
        !EVP_CIPHER_CTX_set_padding(hash->cipher, 0))
        memory_out();
    secret_wipe(cipher_key, sizeof cipher_key);
    return hash;
}

void keyed_hash_free(struct keyed_hash *hash)
{
    if (!hash)
        return;
    EVP_CIPHER_CTX_free(hash->cipher);
    secret_wipe(hash->secret, sizeof hash->secret);
    free(hash);
}

void keyed_hash_make(const struct keyed_hash *hash, uint8_t kind, struct slice value,
                     uint8_t out[KEYED_HASH_LEN])
{
    XXH128_canonical_t bytes;

    XXH128_canonicalFromHash(
        &bytes, XXH3_128bits_withSecret(value.data, value.len, hash->secret, sizeof hash->secret));
    memcpy(out, bytes.digest, KEYED_HASH_LEN);
    out[KEYED_HASH_LEN - 1] ^= kind;
}

void keyed_hash_seal(struct keyed_hash *hash, uint8_t *hashes, size_t count)
{
    int len = (int)(count * KEYED_HASH_LEN), written = 0;

    assert(count <= INT_MAX / KEYED_HASH_LEN);
    if (!EVP_EncryptUpdate(hash->cipher, hashes, &written, hashes, len) || written != len)
        memory_out();
}
