#include "ledger/ledger_chain.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum {
    CANONICAL_MAX = 16 * 1024 * 1024,
    LENGTH_LEN = 4,
    NUMBER_LEN = 8,
};

struct ledger_sealer {
    struct digest_hmac *hmac;
    char *canonical; /* a label and canonical bytes */
    size_t len, capacity;
    uint8_t empty_body[DIGEST_SHA256_LEN]; /* B of an event without a body, as most have */
};

static void begin_canonical(struct ledger_sealer *sealer)
{
    sealer->len = 0;
}

/* Makes room for so many bytes more, and returns where they belong. */
static char *extend_canonical(struct ledger_sealer *sealer, size_t len)
{
    assert(len <= CANONICAL_MAX - sealer->len && "a row has less than 16 MiB");
    if (sealer->capacity - sealer->len < len) {
        sealer->capacity = 2 * (sealer->len + len);
        sealer->canonical = memory_resize(sealer->canonical, sealer->capacity, 1);
    }
    char *bytes = sealer->canonical + sealer->len;
    sealer->len += len;
    return bytes;
}

static void add_bytes(struct ledger_sealer *sealer, struct slice bytes)
{
    memcpy(extend_canonical(sealer, bytes.len), bytes.data, bytes.len);
}

static char *put_big_endian(char *bytes, uint64_t number, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(uint8_t)(number >> (8 * (len - 1 - i)));
    return bytes + len;
}

/* Canonical bytes of columns [first, first + count): a row is measured first, and written without a check for
 * each of its values. */
static void add_values(struct ledger_sealer *sealer, const struct ledger_table *table,
                       const struct ledger_value *values, size_t first, size_t count)
{
    size_t len = 0;

    for (size_t i = first; i < first + count; i++) {
        size_t value = table->columns[i].type == LEDGER_NUMBER ? NUMBER_LEN : values[i].bytes.len;
        assert(value < CANONICAL_MAX);
        len += LENGTH_LEN + (values[i].is_null ? 0 : value);
    }
    char *bytes = extend_canonical(sealer, len);
    for (size_t i = first; i < first + count; i++) {
        struct slice text = values[i].bytes;
        if (values[i].is_null) {
            bytes = put_big_endian(bytes, UINT32_MAX, LENGTH_LEN);
        } else if (table->columns[i].type == LEDGER_NUMBER) {
            bytes = put_big_endian(bytes, NUMBER_LEN, LENGTH_LEN);
            bytes = put_big_endian(bytes, (uint64_t)values[i].number, NUMBER_LEN);
        } else {
            bytes = put_big_endian(bytes, text.len, LENGTH_LEN);
            if (text.len > 0)
                memcpy(bytes, text.data, text.len);
            bytes += text.len;
        }
    }
}

static void authenticate(struct ledger_sealer *sealer, uint8_t out[DIGEST_SHA256_LEN])
{
    digest_hmac_begin(sealer->hmac);
    digest_hmac_add(sealer->hmac, slice_make(sealer->canonical, sealer->len));
    digest_hmac_end(sealer->hmac, out);
}

static void compute_body(struct ledger_sealer *sealer, const struct ledger_value *event,
                         uint8_t out[DIGEST_SHA256_LEN])
{
    begin_canonical(sealer);
    add_bytes(sealer, slice_make("body", sizeof "body"));
    add_values(sealer, &ledger_event_table, event, LEDGER_EVENT_FIXED_COLUMNS, LEDGER_EVENT_BODY_COLUMNS);
    authenticate(sealer, out);
}

struct ledger_sealer *ledger_sealer_new(const uint8_t key[FINGERPRINT_KEY_LEN])
{
    struct ledger_sealer *sealer = memory_new(1, sizeof *sealer);
    struct ledger_value event[LEDGER_EVENT_COLUMNS];
    const struct ledger_event none = {.id = 0};

    sealer->hmac = digest_hmac_new(DIGEST_SHA256, slice_make((const char *)key, FINGERPRINT_KEY_LEN));
    ledger_row_to_values(&ledger_event_table, &none, event);
    compute_body(sealer, event, sealer->empty_body);
    return sealer;
}

void ledger_sealer_free(struct ledger_sealer *sealer)
{
    if (!sealer)
        return;
    digest_hmac_free(sealer->hmac);
    free(sealer->canonical);
    free(sealer);
}

void ledger_sealer_seal(struct ledger_sealer *sealer, const struct ledger_table *table,
                        const struct ledger_value *values, uint8_t out[LEDGER_SEAL_LEN])
{
    uint8_t digest[DIGEST_SHA256_LEN];
    bool is_run = table == &ledger_run_table;

    assert(table != &ledger_event_table);
    begin_canonical(sealer);
    add_bytes(sealer, is_run                        ? slice_make("run", sizeof "run")
                      : table == &ledger_task_table ? slice_make("task", sizeof "task")
                                                    : slice_make("row", sizeof "row"));
    add_values(sealer, table, values, 0, is_run ? LEDGER_RUN_SEALED_COLUMNS : table->count);
    authenticate(sealer, digest);
    memcpy(out, digest, LEDGER_SEAL_LEN);
}

void ledger_sealer_body(struct ledger_sealer *sealer, const struct ledger_value *event,
                        uint8_t out[DIGEST_SHA256_LEN])
{
    bool is_empty = true;

    for (size_t i = 0; i < LEDGER_EVENT_BODY_COLUMNS; i++)
        is_empty = is_empty && event[LEDGER_EVENT_FIXED_COLUMNS + i].is_null;
    if (is_empty)
        memcpy(out, sealer->empty_body, DIGEST_SHA256_LEN);
    else
        compute_body(sealer, event, out);
}

void ledger_sealer_add(struct ledger_sealer *sealer, const struct ledger_value *event,
                       struct ledger_chain *chain)
{
    struct slice removed = event[LEDGER_EVENT_FIXED_COLUMNS + LEDGER_EVENT_BODY_COLUMNS].bytes;
    uint8_t body[DIGEST_SHA256_LEN];

    if (removed.len == DIGEST_SHA256_LEN)
        memcpy(body, removed.data, DIGEST_SHA256_LEN);
    else
        ledger_sealer_body(sealer, event, body);
    begin_canonical(sealer);
    add_values(sealer, &ledger_event_table, event, 0, LEDGER_EVENT_FIXED_COLUMNS);
    add_bytes(sealer, slice_make((const char *)body, DIGEST_SHA256_LEN));
    uint8_t head[DIGEST_SHA256_LEN];
    digest_sha256(slice_make((const char *)chain->head, DIGEST_SHA256_LEN),
                  slice_make(sealer->canonical, sealer->len), head);
    memcpy(chain->head, head, DIGEST_SHA256_LEN);
    chain->last_event = event[0].number;
}

char *ledger_sealer_check(struct ledger_sealer *sealer, char out[LEDGER_KEY_CHECK_SIZE])
{
    uint8_t digest[DIGEST_SHA256_LEN];

    digest_hmac_begin(sealer->hmac);
    digest_hmac_add(sealer->hmac, SLICE_LITERAL("kyc-import ledger key check"));
    digest_hmac_end(sealer->hmac, digest);
    return digest_hex(digest, LEDGER_KEY_CHECK_SIZE / 2, out);
}

char *ledger_sealer_erased_key(struct ledger_sealer *sealer, struct slice external_id,
                               char out[LEDGER_ERASED_KEY_SIZE])
{
    uint8_t digest[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1];

    digest_hmac_begin(sealer->hmac);
    digest_hmac_add(sealer->hmac, slice_make("customer", sizeof "customer"));
    digest_hmac_add(sealer->hmac, external_id);
    digest_hmac_end(sealer->hmac, digest);
    snprintf(out, LEDGER_ERASED_KEY_SIZE, "erased:%s", digest_hex(digest, DIGEST_SHA256_LEN, hex));
    return out;
}
