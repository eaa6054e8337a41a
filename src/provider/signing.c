#include "provider/signing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/memory.h"
#include "core/secret.h"
#include "provider/credentials.h"

enum {
    NONCE_SIZE = sizeof "18446744073709551615",
};

struct signing_account {
    struct secret api_key;
    struct digest_hmac *hmac;
};

struct provider_account *signing_account_new(const struct job_credentials *credentials)
{
    struct slice text = secret_slice(job_credential(credentials, SIGNING_SECRET));
    size_t len;
    uint8_t *key = credentials_decode_base64(text, &len);
    struct signing_account *account = memory_new(1, sizeof *account);

    account->api_key = credentials_copy(credentials, SIGNING_KEY);
    account->hmac = digest_hmac_new(DIGEST_SHA512, slice_make((const char *)key, len));
    credentials_drop_base64(key, text);
    return (struct provider_account *)account;
}

void signing_account_free(struct provider_account *opaque)
{
    struct signing_account *account = (struct signing_account *)opaque;
    if (!account)
        return;
    digest_hmac_free(account->hmac);
    secret_clear(&account->api_key);
    free(account);
}

static struct slice write_nonce(uint64_t nonce, char text[NONCE_SIZE])
{
    int len = snprintf(text, NONCE_SIZE, "%" PRIu64, nonce);
    return slice_make(text, (size_t)len);
}

void signing_sign(struct provider_account *opaque, uint64_t nonce, struct slice target, struct slice body,
                  char signature[SIGNING_TEXT_SIZE])
{
    const struct signing_account *account = (struct signing_account *)opaque;
    char nonce_text[NONCE_SIZE];
    uint8_t hash[DIGEST_SHA256_LEN], sum[DIGEST_SHA512_LEN];
    digest_sha256(write_nonce(nonce, nonce_text), body, hash);
    digest_hmac_begin(account->hmac);
    digest_hmac_add(account->hmac, target);
    digest_hmac_add(account->hmac, slice_make((const char *)hash, sizeof hash));
    digest_hmac_end(account->hmac, sum);
    digest_base64_encode(sum, sizeof sum, signature);
}

void signing_authenticate(struct provider_account *opaque, uint64_t nonce, const struct provider_call *call,
                          const struct provider_request *request, struct provider_headers *headers)
{
    const struct signing_account *account = (struct signing_account *)opaque;
    (void)call;
    char nonce_text[NONCE_SIZE], signature[SIGNING_TEXT_SIZE];
    write_nonce(nonce, nonce_text);
    signing_sign(opaque, nonce, slice_from(request->target), buffer_slice(&request->body), signature);
    provider_headers_add(headers, "Content-Type",
                         request->content_type[0] ? request->content_type : "application/json");
    provider_headers_add(headers, "API-Key", account->api_key.data);
    provider_headers_add(headers, "API-Nonce", nonce_text);
    provider_headers_add(headers, "API-Sign", signature);
}
