#include "provider/provider_credentials.h"

#include <assert.h>
#include <string.h>

#include "core/text.h"
#include "provider/credentials.h"
#include "provider/provider.h"
#include "provider/provider_list.h"

enum { NAMES_MAX = 16 };

static const struct provider_credential *find_row(const struct provider *provider, const char *name)
{
    for (const struct provider_credential *row = provider->credentials; row && row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static void list_names(const struct provider *provider, const char *names[NAMES_MAX + 1])
{
    size_t count = 0;
    for (const struct provider_credential *row = provider->credentials; row && row->name; row++) {
        assert(count < NAMES_MAX);
        names[count++] = row->name;
    }
    names[count] = NULL;
}

static bool is_known(const char *name)
{
    for (const struct provider *const *provider = provider_list; *provider; provider++)
        if (find_row(*provider, name))
            return true;
    return false;
}

/* Misspelt ones. That of another provider is refused only where credentials are needed at all. */
static int check_names(const struct job *job, const struct provider *provider,
                       const struct job_credentials *credentials, struct error *error)
{
    const char *names[NAMES_MAX + 1];
    char hint[TEXT_HINT_SIZE];
    list_names(provider, names);
    for (size_t i = 0; i < credentials->count; i++) {
        const struct job_credential *item = &credentials->items[i];
        if (find_row(provider, item->name) || is_known(item->name))
            continue;
        text_hint_names(slice_from(item->name), names, hint);
        return job_fail(job, item->place, error, "unknown key `%s` in `credentials`\nhint: %s", item->name,
                        hint);
    }
    return 0;
}

static int check_form(const struct job *job, const struct job_credentials *credentials,
                      const struct provider_credential *row, struct error *error)
{
    struct slice text = secret_slice(job_credential(credentials, row->name));
    bool is_token = row->kind == PROVIDER_CREDENTIAL_TOKEN;
    int len_max = is_token ? PROVIDER_TOKEN_MAX : CREDENTIALS_KEY_MAX;
    switch (row->kind) {
    case PROVIDER_CREDENTIAL_KEY:
    case PROVIDER_CREDENTIAL_TOKEN:
        if (credentials_fit_header(text, (size_t)len_max))
            return 0;
        return job_fail(job, credentials->place, error,
                        "credentials.%s is not %s: it must be 1 to %d characters without blanks", row->name,
                        is_token ? "a token" : "an API key", len_max);
    case PROVIDER_CREDENTIAL_BASE64:
        if (credentials_is_base64(text))
            return 0;
        return job_fail(
            job, credentials->place, error,
            "credentials.%s is not the base64 text that %s issues\nhint: copy it again, whole and without blanks or quotes",
            row->name, job->provider.name);
    case PROVIDER_CREDENTIAL_TEXT:
        break;
    }
    return 0;
}

static int check_set(const struct job *job, const struct provider *provider,
                     const struct job_credentials *credentials, const char *wanted, struct error *error)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (!find_row(provider, credentials->items[i].name))
            return job_fail(job, credentials->place, error, "%s has no credentials.%s: it has %s",
                            job->provider.name, credentials->items[i].name, wanted);
    for (const struct provider_credential *row = provider->credentials; row && row->name; row++)
        if (job_credential(credentials, row->name)->len == 0)
            return job_fail(job, credentials->place, error, "credentials.%s is missing: %s needs %s",
                            row->name, job->provider.name, wanted);
    for (const struct provider_credential *row = provider->credentials; row && row->name; row++)
        if (check_form(job, credentials, row, error) != 0)
            return -1;
    return 0;
}

/* The first set that has the same key, or NULL. */
static const struct job_credentials *find_same(const struct job_credentials *sets, size_t i,
                                               const struct provider *provider)
{
    for (const struct provider_credential *row = provider->credentials; row && row->name; row++)
        for (size_t j = 0; row->kind == PROVIDER_CREDENTIAL_KEY && j < i; j++)
            if (slice_equal(secret_slice(job_credential(&sets[j], row->name)),
                            secret_slice(job_credential(&sets[i], row->name))))
                return &sets[j];
    return NULL;
}

int provider_credentials_check(const struct job *job, const struct provider *provider, bool with_secrets,
                               struct error *error)
{
    const struct job_credentials *sets = job->provider.credentials;
    size_t count = job->provider.credential_count;
    const char *names[NAMES_MAX + 1];
    char wanted[TEXT_HINT_SIZE];
    for (size_t i = 0; i < count; i++)
        if (check_names(job, provider, &sets[i], error) != 0)
            return -1;
    if (!with_secrets)
        return 0;
    list_names(provider, names);
    text_join_names(names, " and ", wanted);
    if (count == 0)
        return job_fail(job, job->provider.place, error, "provider.credentials is missing: %s needs %s",
                        job->provider.name, wanted);
    if (count > 1 && !provider->is_signed)
        return job_fail(job, sets[1].place, error,
                        "%s uses one set of credentials: a second one adds no rate\nhint: remove it",
                        job->provider.name);
    for (size_t i = 0; i < count; i++) {
        if (check_set(job, provider, &sets[i], wanted, error) != 0)
            return -1;
        const struct job_credentials *same = find_same(sets, i, provider);
        if (same)
            return job_fail(job, sets[i].place, error,
                            "credentials %zu and %zu are the same API key\nhint: list each key once",
                            (size_t)(same - sets) + 1, i + 1);
    }
    return 0;
}

void provider_credentials_write(const struct provider *provider, struct buffer *out)
{
    const char *separator = "{";
    for (const struct provider_credential *row = provider->credentials; row && row->name; row++) {
        buffer_printf(out, "%s%s: env:%s", separator, row->name, row->example);
        separator = ", ";
    }
    buffer_append_char(out, '}');
}
