/* provider_headers: the headers of one attempt, in fixed memory. Thread: one at a time. Owner: plain data. */
#ifndef KYC_PROVIDER_PROVIDER_HEADERS_H
#define KYC_PROVIDER_PROVIDER_HEADERS_H

#include <stddef.h>

enum {
    PROVIDER_HEADERS_MAX = 8,
    PROVIDER_TOKEN_MAX = 4096, /* of a bearer token; those of a gateway's login have 1 to 2 KiB */
    PROVIDER_HEADER_SIZE = PROVIDER_TOKEN_MAX + 64,
};

/* `Name: value` lines, no line ends. */
struct provider_headers {
    char lines[PROVIDER_HEADERS_MAX][PROVIDER_HEADER_SIZE];
    size_t count;
};

/* Adds `NAME: VALUE`; neither may hold a line end, and both must fit (assert). */
void provider_headers_add(struct provider_headers *headers, const char *name, const char *value);

#endif
