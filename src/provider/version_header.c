#include "provider/version_header.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "provider/credentials.h"

enum { NAME_LEN_MAX = 48, VALUE_LEN_MAX = 64 };

static bool is_header_name(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        char lower = (char)(name[i] | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
            !strchr(others, name[i]))
            return false;
    }
    return len >= 1 && len <= NAME_LEN_MAX;
}

static bool is_taken(const char *name)
{
    static const char *const taken[] = {"accept",    "authorization", "api-key",           "api-nonce",
                                        "api-sign",  "connection",    "content-length",    "content-type",
                                        "expect",    "host",          "idempotency-key",   "user-agent",
                                        "x-api-key", "cookie",        "transfer-encoding", NULL};
    for (size_t i = 0; taken[i]; i++)
        if (strcasecmp(taken[i], name) == 0)
            return true;
    return false;
}

static struct version_header choose(const struct version_header *own, const struct job *job)
{
    return (struct version_header){
        .name = job->provider.version_header ? job->provider.version_header : own->name,
        .value = job->provider.version ? job->provider.version : own->value,
    };
}

int version_header_check_job(const struct version_header *own, const struct job *job, struct error *error)
{
    struct version_header header = choose(own, job);
    if (!is_header_name(header.name))
        return job_fail(
            job, job->provider.place, error,
            "provider.version_header is not the name of a header: letters, digits and hyphens, at most %d",
            NAME_LEN_MAX);
    if (is_taken(header.name))
        return job_fail(job, job->provider.place, error,
                        "provider.version_header may not be %s: the requests carry that already",
                        header.name);
    if (!credentials_fit_header(slice_from(header.value), VALUE_LEN_MAX))
        return job_fail(job, job->provider.place, error,
                        "provider.version is not a version: 1 to %d characters without blanks",
                        VALUE_LEN_MAX);
    return 0;
}

void version_header_add(const struct version_header *own, const struct job *job,
                        struct provider_headers *headers)
{
    struct version_header header = choose(own, job);
    provider_headers_add(headers, header.name, header.value);
}
