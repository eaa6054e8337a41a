#include "provider/signing.h"

#include <assert.h>
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

/* The decoded secret; -1 when it is not base64, 0 when it is empty. Owner: the caller wipes and frees. */
static ptrdiff_t decode_secret(struct slice text, uint8_t **key)
{
    *key = memory_new(3 * (text.len / 4) + 1, 1);
    return digest_base64_decode(text, *key);
}

static void drop_secret(uint8_t *key, struct slice text)
{
    secret_wipe(key, 3 * (text.len / 4) + 1);
    free(key);
}

static int check_api_secret(const struct job *job, const struct job_credentials *credentials,
                            struct error *error)
{
    struct slice text = secret_slice(&credentials->api_secret);
    uint8_t *key;
    ptrdiff_t len = decode_secret(text, &key);
    drop_secret(key, text);
    if (len > 0)
        return 0;
    return job_fail(
        job, credentials->place, error,
        "credentials.api_secret is not the base64 text that %s issues\nhint: copy it again, whole and without blanks or quotes",
        job->provider.name);
}

static int check_credentials(const struct job *job, const struct job_credentials *credentials,
                             struct error *error)
{
    static const char *const names[] = {"api_key", "api_secret", NULL};
    if (credentials_check(job, credentials, names, "api_key and api_secret", error) != 0)
        return -1;
    if (!credentials_fit_header(secret_slice(&credentials->api_key), CREDENTIALS_KEY_MAX))
        return job_fail(job, credentials->place, error,
                        "credentials.api_key is not an API key: it must be 1 to %d characters without blanks",
                        CREDENTIALS_KEY_MAX);
    return check_api_secret(job, credentials, error);
}

int signing_check_job(const struct job *job, bool with_secrets, struct error *error)
{
    if (!with_secrets)
        return 0;
    if (job->provider.credential_count == 0)
        return job_fail(job, job->provider.place, error,
                        "provider.credentials is missing: %s needs api_key and api_secret",
                        job->provider.name);
    for (size_t i = 0; i < job->provider.credential_count; i++) {
        const struct job_credentials *credentials = &job->provider.credentials[i];
        if (check_credentials(job, credentials, error) != 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (slice_equal(secret_slice(&job->provider.credentials[j].api_key),
                            secret_slice(&credentials->api_key)))
                return job_fail(job, credentials->place, error,
                                "credentials %zu and %zu are the same API key\nhint: list each key once",
                                j + 1, i + 1);
    }
    return 0;
}

struct provider_account *signing_account_new(const struct job_credentials *credentials)
{
    struct slice text = secret_slice(&credentials->api_secret);
    uint8_t *key;
    ptrdiff_t len = decode_secret(text, &key);
    assert(len > 0);

    struct signing_account *account = memory_new(1, sizeof *account);
    account->api_key.data = memory_copy(secret_slice(&credentials->api_key));
    account->api_key.len = credentials->api_key.len;
    account->hmac = digest_hmac_new(DIGEST_SHA512, slice_make((const char *)key, (size_t)len));
    drop_secret(key, text);
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
    provider_headers_add(headers, "Content-Type", "application/json");
    provider_headers_add(headers, "API-Key", account->api_key.data);
    provider_headers_add(headers, "API-Nonce", nonce_text);
    provider_headers_add(headers, "API-Sign", signature);
}
