#include "provider/idempotency.h"

#include <assert.h>
#include <inttypes.h>

#include "core/buffer.h"
#include "core/digest.h"

enum { NAME_MAX_LEN = 4096, VERSION_AT = 6, VARIANT_AT = 8 };

/* Drawn once for this project. It must never change: other keys would create second users. */
static const uint8_t project[IDEMPOTENCY_NAMESPACE_LEN] = {0x05, 0xf1, 0x9c, 0x20, 0x9a, 0xcb, 0x42, 0x54,
                                                           0x97, 0xa5, 0x1d, 0x73, 0x97, 0x62, 0x99, 0x97};

char *idempotency_uuid(const uint8_t name_space[IDEMPOTENCY_NAMESPACE_LEN], struct slice name,
                       char out[IDEMPOTENCY_KEY_SIZE])
{
    static const size_t group_lens[] = {4, 2, 2, 2, 6};
    uint8_t hash[DIGEST_SHA1_LEN];
    digest_sha1(slice_make((const char *)name_space, IDEMPOTENCY_NAMESPACE_LEN), name, hash);
    hash[VERSION_AT] = (uint8_t)((hash[VERSION_AT] & 0x0f) | 0x50);
    hash[VARIANT_AT] = (uint8_t)((hash[VARIANT_AT] & 0x3f) | 0x80);

    char *to = out;
    const uint8_t *from = hash;
    for (size_t i = 0; i < sizeof group_lens / sizeof *group_lens; i++) {
        digest_hex(from, group_lens[i], to);
        from += group_lens[i];
        to += 2 * group_lens[i];
        *to++ = '-';
    }
    to[-1] = '\0';
    return out;
}

/* The UUID of `job NUL external_id NUL [kind NUL] number`. */
static char *make_key(const char *job, struct slice external_id, const char *kind, uint64_t number,
                      char out[IDEMPOTENCY_KEY_SIZE])
{
    struct buffer name;
    buffer_init(&name, NAME_MAX_LEN);
    buffer_append_text(&name, job);
    buffer_append_char(&name, '\0');
    buffer_append(&name, external_id);
    buffer_append_char(&name, '\0');
    if (kind) {
        buffer_append_text(&name, kind);
        buffer_append_char(&name, '\0');
    }
    buffer_printf(&name, "%" PRIu64, number);
    assert(!name.overflowed);
    idempotency_uuid(project, buffer_slice(&name), out);
    buffer_clear(&name);
    return out;
}

char *idempotency_key(const char *job, struct slice external_id, uint64_t refusals,
                      char out[IDEMPOTENCY_KEY_SIZE])
{
    return make_key(job, external_id, NULL, refusals, out);
}

char *idempotency_link_key(const char *job, struct slice external_id, uint64_t at_ns,
                           char out[IDEMPOTENCY_KEY_SIZE])
{
    return make_key(job, external_id, "link", at_ns, out);
}
