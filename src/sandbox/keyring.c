#include "sandbox/keyring.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"

enum { SECRET_MAX = 256, SIGN_LEN = 88 };

void keyring_init(struct keyring *keyring, uint64_t window)
{
    *keyring = (struct keyring){.window = window};
}

void keyring_clear(struct keyring *keyring)
{
    for (int key = 0; key < CREDENTIAL_COUNT; key++)
        free(keyring->nonces[key].seen);
    *keyring = (struct keyring){0};
}

void keyring_hmacs_init(struct keyring_hmacs *hmacs)
{
    for (int key = 0; key < CREDENTIAL_COUNT; key++) {
        uint8_t secret[SECRET_MAX];
        struct slice text = slice_from(credential_table[key].api_secret);
        assert(text.len / 4 * 3 <= sizeof secret);
        ptrdiff_t len = digest_base64_decode(text, secret);
        assert(len > 0);
        hmacs->of[key] = digest_hmac_new(DIGEST_SHA512, slice_make((const char *)secret, (size_t)len));
    }
}

void keyring_hmacs_clear(struct keyring_hmacs *hmacs)
{
    for (int key = 0; key < CREDENTIAL_COUNT; key++)
        digest_hmac_free(hmacs->of[key]);
}

int keyring_find(const char *api, const char *api_key)
{
    for (int key = 0; key < CREDENTIAL_COUNT; key++)
        if (strcmp(credential_table[key].api, api) == 0 &&
            strcmp(credential_table[key].api_key, api_key) == 0)
            return key;
    return -1;
}

bool keyring_read_nonce(const char *text, uint64_t *nonce)
{
    uint64_t value = 0;
    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return false;
    for (const char *cursor = text; *cursor; cursor++) {
        if (*cursor < '0' || *cursor > '9')
            return false;
        uint64_t digit = (uint64_t)(*cursor - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *nonce = value;
    return true;
}

bool keyring_signature_matches(struct keyring_hmacs *hmacs, int key, struct slice target, const char *nonce,
                               struct slice body, const char *sign)
{
    uint8_t inner[DIGEST_SHA256_LEN], outer[DIGEST_SHA512_LEN];
    char right[SIGN_LEN + 1];
    digest_sha256(slice_from(nonce), body, inner);
    struct digest_hmac *hmac = hmacs->of[key];
    digest_hmac_begin(hmac);
    digest_hmac_add(hmac, target);
    digest_hmac_add(hmac, slice_make((const char *)inner, sizeof inner));
    digest_hmac_end(hmac, outer);
    digest_base64_encode(outer, sizeof outer, right);
    return strcmp(sign, right) == 0;
}

/* drops the nonces below the window */
static void forget_old(struct nonces *nonces, uint64_t window)
{
    size_t old = 0;
    while (old < nonces->count && nonces->highest - nonces->seen[old] > window)
        old++;
    if (old == 0 || (old < nonces->count / 2 && nonces->count < nonces->capacity))
        return;
    nonces->count -= old;
    memmove(nonces->seen, nonces->seen + old, nonces->count * sizeof *nonces->seen);
}

/* false when it was used before */
static bool remember(struct nonces *nonces, uint64_t nonce)
{
    size_t i = nonces->count;
    while (i > 0 && nonces->seen[i - 1] > nonce)
        i--;
    if (i > 0 && nonces->seen[i - 1] == nonce)
        return false;
    if (nonces->count == nonces->capacity) {
        nonces->capacity = nonces->capacity ? 2 * nonces->capacity : 64;
        nonces->seen = memory_resize(nonces->seen, nonces->capacity, sizeof *nonces->seen);
    }
    memmove(nonces->seen + i + 1, nonces->seen + i, (nonces->count - i) * sizeof *nonces->seen);
    nonces->seen[i] = nonce;
    nonces->count++;
    return true;
}

bool keyring_use_nonce(struct keyring *keyring, int key, uint64_t nonce)
{
    struct nonces *nonces = &keyring->nonces[key];
    bool rises = !nonces->any || nonce > nonces->highest;
    if (!rises && (keyring->window == 0 || nonces->highest - nonce > keyring->window))
        return false;
    if (keyring->window > 0 && !remember(nonces, nonce))
        return false;
    if (rises) {
        nonces->any = true;
        nonces->highest = nonce;
        forget_old(nonces, keyring->window);
    }
    return true;
}
