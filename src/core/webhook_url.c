#include "core/webhook_url.h"

#include <string.h>

enum { QUERY_MAX = 4096 };

const char *webhook_url_parse(struct slice url, struct base_url *parts)
{
    const char *mark = url.len > 0 ? memchr(url.data, '?', url.len) : NULL;
    size_t base_len = mark ? (size_t)(mark - url.data) : url.len;
    struct slice query = slice_skip(url, base_len);
    bool has_fragment = url.len > 0 && memchr(url.data, '#', url.len);
    bool has_user = base_len > 0 && memchr(url.data, '@', base_len);
    const char *fault = has_fragment ? "must not have a fragment (#)"
                        : has_user ? "must not hold a user or a password\nhint: give a token by notify.token"
                                   : base_url_parse(slice_make(url.data, base_len), parts);

    if (!fault && query.len > QUERY_MAX)
        fault = "has a query of more than 4,096 bytes";
    for (size_t i = 0; i < query.len && !fault; i++)
        if (query.data[i] <= ' ' || query.data[i] > '~' || strchr("\\\"<>^`{|}", query.data[i]))
            fault = "holds a character that a URL cannot have";
    return fault;
}
