#include "provider/bearer.h"

#include <stdio.h>

void bearer_add(const struct secret *token, struct provider_headers *headers)
{
    char value[sizeof "Bearer " + PROVIDER_TOKEN_MAX];
    snprintf(value, sizeof value, "Bearer %s", token->data);
    provider_headers_add(headers, "Authorization", value);
    secret_wipe(value, sizeof value);
}
