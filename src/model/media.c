#include "model/media.h"

#include <string.h>
#include <strings.h>

bool media_is_url(struct slice text)
{
    static const struct slice scheme = SLICE_LITERAL("https://");
    return text.len >= scheme.len && strncasecmp(text.data, scheme.data, scheme.len) == 0;
}

bool media_is_data_uri(struct slice text)
{
    static const struct slice scheme = SLICE_LITERAL("data:");
    return text.len >= scheme.len && strncasecmp(text.data, scheme.data, scheme.len) == 0;
}

bool media_read_data_uri(struct slice uri, struct slice *type, struct slice *base64)
{
    static const struct slice encoding = SLICE_LITERAL(";base64,");
    if (!media_is_data_uri(uri))
        return false;
    struct slice rest = slice_skip(uri, strlen("data:"));
    const char *comma = memchr(rest.data, ',', rest.len);
    size_t len = comma ? (size_t)(comma - rest.data) + 1 : 0;
    if (len < encoding.len || strncasecmp(rest.data + len - encoding.len, encoding.data, encoding.len) != 0)
        return false;
    *type = slice_make(rest.data, len - encoding.len);
    *base64 = slice_skip(rest, len);
    return true;
}

const char *media_type(struct slice head)
{
    /* JPEG: ISO/IEC 10918-1; PNG: its signature; PDF: ISO 32000. */
    static const struct {
        struct slice magic;
        const char *type;
    } types[] = {
        {SLICE_LITERAL("\xff\xd8\xff"), "image/jpeg"},
        {SLICE_LITERAL("\x89PNG\r\n\x1a\n"), "image/png"},
        {SLICE_LITERAL("%PDF-"), "application/pdf"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (head.len >= types[i].magic.len && memcmp(head.data, types[i].magic.data, types[i].magic.len) == 0)
            return types[i].type;
    return NULL;
}
