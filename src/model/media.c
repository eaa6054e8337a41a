#include "model/media.h"

#include <string.h>
#include <strings.h>

bool media_is_url(struct slice text)
{
    static const struct slice scheme = SLICE_LITERAL("https://");
    return text.len >= scheme.len && strncasecmp(text.data, scheme.data, scheme.len) == 0;
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
