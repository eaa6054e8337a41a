#include "provider/credentials.h"

#include <stdio.h>
#include <string.h>

enum { CREDENTIAL_KINDS = 5 };

struct named {
    const char *name;
    const struct secret *secret;
};

static void list_all(const struct job_credentials *credentials, struct named all[CREDENTIAL_KINDS])
{
    const struct named each[CREDENTIAL_KINDS] = {
        {"api_key", &credentials->api_key},     {"api_secret", &credentials->api_secret},
        {"client_id", &credentials->client_id}, {"password", &credentials->password},
        {"token", &credentials->token},
    };
    memcpy(all, each, sizeof each);
}

static bool is_named(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

int credentials_check(const struct job *job, const struct job_credentials *credentials,
                      const char *const *names, const char *wanted, struct error *error)
{
    struct named all[CREDENTIAL_KINDS];
    list_all(credentials, all);
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++)
        if (all[i].secret->data && !is_named(names, all[i].name))
            return job_fail(job, credentials->place, error, "%s has no credentials.%s: it has %s",
                            job->provider.name, all[i].name, wanted);
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++)
        if (all[i].secret->len == 0 && is_named(names, all[i].name))
            return job_fail(job, credentials->place, error, "credentials.%s is missing: %s needs %s",
                            all[i].name, job->provider.name, wanted);
    return 0;
}

bool credentials_fit_header(struct slice text, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x21 || text.data[i] > 0x7e)
            return false;
    return text.len >= 1 && text.len <= max;
}

int credentials_check_single(const struct job *job, bool with_secrets, const char *const *names,
                             const char *wanted, struct error *error)
{
    if (!with_secrets)
        return 0;
    if (job->provider.credential_count == 0)
        return job_fail(job, job->provider.place, error, "provider.credentials is missing: %s needs %s",
                        job->provider.name, wanted);
    const struct job_credentials *credentials = job->provider.credentials;
    if (job->provider.credential_count > 1)
        return job_fail(job, credentials[1].place, error,
                        "%s uses one set of credentials: a second one adds no rate\nhint: remove it",
                        job->provider.name);
    if (credentials_check(job, credentials, names, wanted, error) != 0)
        return -1;
    if (credentials->api_key.data &&
        !credentials_fit_header(secret_slice(&credentials->api_key), CREDENTIALS_KEY_MAX))
        return job_fail(job, credentials->place, error,
                        "credentials.api_key is not an API key: it must be 1 to %d characters without blanks",
                        CREDENTIALS_KEY_MAX);
    if (credentials->token.data &&
        !credentials_fit_header(secret_slice(&credentials->token), PROVIDER_TOKEN_MAX))
        return job_fail(job, credentials->place, error,
                        "credentials.token is not a token: it must be 1 to %d characters without blanks",
                        PROVIDER_TOKEN_MAX);
    return 0;
}

void credentials_add_bearer(const struct secret *token, struct provider_headers *headers)
{
    char value[sizeof "Bearer " + PROVIDER_TOKEN_MAX];
    snprintf(value, sizeof value, "Bearer %s", token->data);
    provider_headers_add(headers, "Authorization", value);
    secret_wipe(value, sizeof value);
}
