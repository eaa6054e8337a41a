/* keyring: the API keys of the APIs that sign, their signatures and the order of their nonces.
 *
 * Written from the providers' description alone, not from the importer's code, so that a mistake in either
 * shows up. Thread: keyring_signature_matches any (a set of HMAC contexts belongs to one thread at a time);
 * the nonces one at a time.
 */
#ifndef KYC_SANDBOX_KEYRING_H
#define KYC_SANDBOX_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/slice.h"
#include "sandbox/credentials.h"

/* The nonces that a key has used: the highest, and those within the window below it. */
struct nonces {
    bool any;
    uint64_t highest;
    uint64_t *seen; /* ascending; only stored when there is a window */
    size_t count, capacity;
};

struct keyring {
    uint64_t window; /* how far below the highest a nonce may be, in nonce units */
    struct nonces nonces[CREDENTIAL_COUNT];
};

/* HMAC contexts of all keys, for one thread at a time. */
struct keyring_hmacs {
    struct digest_hmac *of[CREDENTIAL_COUNT];
};

void keyring_init(struct keyring *keyring, uint64_t window);
void keyring_clear(struct keyring *keyring);

void keyring_hmacs_init(struct keyring_hmacs *hmacs);
void keyring_hmacs_clear(struct keyring_hmacs *hmacs);

/* Index of an API's key; -1 when it is unknown. */
int keyring_find(const char *api, const char *api_key);

/* Reads an unsigned 64-bit decimal without sign, blanks or leading zeros. */
bool keyring_read_nonce(const char *text, uint64_t *nonce);

/* True when signature is exactly the base64 of HMAC-SHA512(secret, target ‖ SHA256(nonce ‖ body)). */
bool keyring_signature_matches(struct keyring_hmacs *hmacs, int key, struct slice target, const char *nonce,
                               struct slice body, const char *signature);

/* Marks the nonce as used. False when it was used before, or is not above the highest one less the window. */
bool keyring_use_nonce(struct keyring *keyring, int key, uint64_t nonce);

#endif
