#include "provider/provider_headers.h"

#include <assert.h>
#include <stdio.h>

void provider_headers_add(struct provider_headers *headers, const char *name, const char *value)
{
    assert(headers->count < PROVIDER_HEADERS_MAX);
    char *line = headers->lines[headers->count++];
    int len = snprintf(line, PROVIDER_HEADER_SIZE, "%s: %s", name, value);
    assert(len > 0 && len < PROVIDER_HEADER_SIZE);
    (void)len;
}
