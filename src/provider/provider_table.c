#include "provider/provider_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "provider/kira.h"
#include "provider/kraken_embed.h"
#include "provider/payso.h"
#include "provider/payward.h"

/* One line a provider. */
#define PROVIDERS(ROW)                                                                                       \
    ROW("payward", payward_provider)                                                                         \
    ROW("kraken-embed", kraken_embed_provider)                                                               \
    ROW("kira", kira_provider)                                                                               \
    ROW("payso", payso_provider)

#define PROVIDER_NAME(name, provider)  name,
#define PROVIDER_TABLE(name, provider) &(provider),

static const struct provider *const providers[] = {PROVIDERS(PROVIDER_TABLE)};
static const char *const provider_name_list[] = {PROVIDERS(PROVIDER_NAME) NULL};

enum {
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    PROVIDER_COUNT = sizeof providers / sizeof *providers,
};

const struct provider *provider_find(const char *name)
{
    for (size_t i = 0; i < PROVIDER_COUNT; i++)
        if (strcmp(providers[i]->name, name) == 0)
            return providers[i];
    return NULL;
}

const char *const *provider_names(void)
{
    return provider_name_list;
}
static int check_ca_file(const struct job *job, struct error *error)
{
    const char *path = job->provider.ca_file;
    if (!path)
        return 0;
    struct stat info;
    const char *reason = NULL;
    if (stat(path, &info) != 0 || access(path, R_OK) != 0)
        reason = strerror(errno);
    else if (!S_ISREG(info.st_mode) || info.st_size == 0)
        reason = "not a file with certificates";
    if (!reason)
        return 0;
    return job_fail(job, job->provider.place, error, "provider.ca_file %s cannot be read: %s", path, reason);
}

static int fail_unknown(const struct job *job, struct error *error)
{
    const char *nearest = text_nearest(slice_from(job->provider.name), provider_names());
    if (nearest)
        return job_fail(job, job->provider.place, error, "unknown provider `%s`\nhint: did you mean `%s`?",
                        job->provider.name, nearest);
    char known[256] = "";
    for (size_t i = 0, len = 0; i < PROVIDER_COUNT && len < sizeof known; i++)
        len +=
            (size_t)snprintf(known + len, sizeof known - len, "%s%s", i == 0 ? "" : ", ", providers[i]->name);
    return job_fail(job, job->provider.place, error, "unknown provider `%s`\nhint: one of %s",
                    job->provider.name, known);
}

const struct provider *provider_of_job(const struct job *job, bool with_secrets, struct error *error)
{
    const struct provider *provider = provider_find(job->provider.name);
    if (!provider) {
        fail_unknown(job, error);
        return NULL;
    }
    if (check_ca_file(job, error) != 0 || provider->check_job(job, with_secrets, error) != 0)
        return NULL;
    return provider;
}
