#include "provider/version_header.h"

#include <string.h>
#include <strings.h>

#include "core/text.h"
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

bool version_header_accepts_name(const char *text, char fault[PROVIDER_SETTINGS_FAULT_SIZE])
{
    if (!is_header_name(text))
        text_format(fault, PROVIDER_SETTINGS_FAULT_SIZE,
                    "is not the name of a header: letters, digits and hyphens, at most %d", NAME_LEN_MAX);
    else if (is_taken(text))
        text_format(fault, PROVIDER_SETTINGS_FAULT_SIZE, "may not be %s: the requests carry that already",
                    text);
    else
        return true;
    return false;
}

bool version_header_accepts_value(const char *text, char fault[PROVIDER_SETTINGS_FAULT_SIZE])
{
    if (credentials_fit_header(slice_from(text), VALUE_LEN_MAX))
        return true;
    text_format(fault, PROVIDER_SETTINGS_FAULT_SIZE, "is not a version: 1 to %d characters without blanks",
                VALUE_LEN_MAX);
    return false;
}

void version_header_add(const struct job *job, struct provider_headers *headers)
{
    provider_headers_add(headers, job_setting_text(&job->provider, SETTING_VERSION_HEADER),
                         job_setting_text(&job->provider, SETTING_VERSION));
}
