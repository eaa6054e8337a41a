#include "provider/request_target.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static void add(struct provider_request *request, struct slice text)
{
    size_t len = strlen(request->target);
    assert(len + text.len < sizeof request->target);
    if (text.len > 0)
        memcpy(request->target + len, text.data, text.len);
    request->target[len + text.len] = '\0';
}

void request_target_begin(const struct provider_call *call, const char *method, const char *path,
                          struct provider_request *request)
{
    request->method = method;
    request->target[0] = '\0';
    request->content_type[0] = '\0';
    buffer_reset(&request->body);
    request_target_add(request, call->base_path);
    request_target_add(request, path);
}

void request_target_add(struct provider_request *request, const char *text)
{
    add(request, slice_from(text));
}

static bool is_unreserved(char byte)
{
    char lower = (char)(byte | 0x20);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("-._~", byte));
}

void request_target_add_encoded(struct provider_request *request, struct slice text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        const char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
        if (is_unreserved(text.data[i]))
            add(request, slice_make(text.data + i, 1));
        else
            add(request, slice_make(escape, sizeof escape));
    }
}
