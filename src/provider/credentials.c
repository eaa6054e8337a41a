#include "provider/credentials.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/memory.h"

bool credentials_fit_header(struct slice text, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x21 || text.data[i] > 0x7e)
            return false;
    return text.len >= 1 && text.len <= max;
}

static size_t decoded_max(struct slice text)
{
    return 3 * (text.len / 4) + 1;
}

bool credentials_is_base64(struct slice text)
{
    uint8_t *bytes = memory_new(decoded_max(text), 1);
    ptrdiff_t len = digest_base64_decode(text, bytes);
    credentials_drop_base64(bytes, text);
    return len > 0;
}

uint8_t *credentials_decode_base64(struct slice text, size_t *len)
{
    uint8_t *bytes = memory_new(decoded_max(text), 1);
    ptrdiff_t decoded = digest_base64_decode(text, bytes);
    assert(decoded > 0);
    *len = (size_t)decoded;
    return bytes;
}

void credentials_drop_base64(uint8_t *bytes, struct slice text)
{
    secret_wipe(bytes, decoded_max(text));
    free(bytes);
}

struct secret credentials_copy(const struct job_credentials *credentials, const char *name)
{
    const struct secret *secret = job_credential(credentials, name);
    return (struct secret){.data = memory_copy(secret_slice(secret)), .len = secret->len};
}

void credentials_add_bearer(const struct secret *token, struct provider_headers *headers)
{
    char value[sizeof "Bearer " + PROVIDER_TOKEN_MAX];
    snprintf(value, sizeof value, "Bearer %s", token->data);
    provider_headers_add(headers, "Authorization", value);
    secret_wipe(value, sizeof value);
}
