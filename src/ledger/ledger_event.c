#include <assert.h>
#include <string.h>

#include "ledger/ledger_sqlite.h"

static const uint8_t beginning[DIGEST_SHA256_LEN];

/* The digest in place of an erased customer's key; false when it is a key. */
static bool read_erased(struct slice external_id, uint8_t out[DIGEST_SHA256_LEN])
{
    static const char erased[] = "erased:";
    const size_t prefix = sizeof erased - 1;
    return external_id.len == prefix + 2 * DIGEST_SHA256_LEN &&
           memcmp(external_id.data, erased, prefix) == 0 &&
           ledger_file_read_hex(slice_make(external_id.data + prefix, 2 * DIGEST_SHA256_LEN), out,
                                DIGEST_SHA256_LEN);
}

bool ledger_customer_is_erased(struct slice external_id)
{
    uint8_t digest[DIGEST_SHA256_LEN];
    return read_erased(external_id, digest);
}

void ledger_customer_digest(struct ledger *ledger, struct slice external_id, uint8_t out[DIGEST_SHA256_LEN])
{
    if (read_erased(external_id, out))
        return;
    digest_hmac_begin(ledger->hmac);
    digest_hmac_add(ledger->hmac, slice_make("customer", sizeof("customer")));
    digest_hmac_add(ledger->hmac, external_id);
    digest_hmac_end(ledger->hmac, out);
}

static void add_big_endian(struct buffer *out, uint64_t number, size_t len)
{
    char bytes[8];
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(uint8_t)(number >> (8 * (len - 1 - i)));
    buffer_append(out, slice_make(bytes, len));
}

static void add_bytes(struct buffer *out, struct slice bytes)
{
    add_big_endian(out, bytes.len > 0 ? bytes.len : UINT32_MAX, 4);
    buffer_append(out, bytes);
}

static void add_number(struct buffer *out, int64_t number)
{
    add_big_endian(out, 8, 4);
    add_big_endian(out, (uint64_t)number, 8);
}

static void add_number_or_null(struct buffer *out, int64_t number)
{
    if (number != 0)
        add_number(out, number);
    else
        add_bytes(out, slice_make(NULL, 0));
}

void ledger_chain_add(struct ledger *ledger, const struct ledger_event *event, struct ledger_chain *chain)
{
    struct buffer *out = &ledger->canonical;
    buffer_reset(out);
    add_number(out, event->id);
    add_number_or_null(out, event->run);
    add_bytes(out, slice_make((const char *)event->customer, DIGEST_SHA256_LEN));
    add_number(out, event->row);
    add_bytes(out, event->operation);
    add_bytes(out, event->outcome);
    add_bytes(out, event->user_id);
    add_bytes(out, event->digest);
    add_number_or_null(out, event->http_status);
    add_bytes(out, event->code);
    add_bytes(out, event->request_id);
    add_number(out, event->attempt);
    add_number(out, event->latency_ms);
    add_number(out, event->at_ns);
    uint8_t head[DIGEST_SHA256_LEN];
    digest_sha256(slice_make((const char *)chain->head, DIGEST_SHA256_LEN), buffer_slice(out), head);
    memcpy(chain->head, head, DIGEST_SHA256_LEN);
    chain->last_event = event->id;
}

int ledger_event_append(struct ledger *ledger, struct ledger_event *event, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_EVENT, error);
    if (!statement)
        return -1;
    event->id = ledger->chain.last_event + 1;
    ledger_chain_add(ledger, event, &ledger->chain);
    ledger_sqlite_bind_number(statement, 1, event->id);
    ledger_sqlite_bind_number_or_null(statement, 2, event->run);
    ledger_sqlite_bind_number(statement, 3, event->customer_id);
    ledger_sqlite_bind_number(statement, 4, event->row);
    ledger_sqlite_bind_text(statement, 5, event->operation);
    ledger_sqlite_bind_text(statement, 6, event->outcome);
    ledger_sqlite_bind_text(statement, 7, event->user_id);
    ledger_sqlite_bind_blob(statement, 8, event->digest);
    ledger_sqlite_bind_number_or_null(statement, 9, event->http_status);
    ledger_sqlite_bind_text(statement, 10, event->code);
    ledger_sqlite_bind_text(statement, 11, event->request_id);
    ledger_sqlite_bind_number(statement, 12, event->attempt);
    ledger_sqlite_bind_number(statement, 13, event->latency_ms);
    ledger_sqlite_bind_number(statement, 14, event->at_ns);
    ledger_sqlite_bind_blob(statement, 15, slice_make((const char *)ledger->chain.head, DIGEST_SHA256_LEN));
    return ledger_sqlite_write(ledger, statement, error);
}

int ledger_chain_load(struct ledger *ledger, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_LAST_EVENT, error);
    if (!statement)
        return -1;
    ledger->committed = (struct ledger_chain){.last_event = 0};
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row < 0)
        return -1;
    if (row == 1) {
        struct slice head = ledger_sqlite_column(statement, 1);
        bool whole = head.len == DIGEST_SHA256_LEN;
        if (whole)
            memcpy(ledger->committed.head, head.data, DIGEST_SHA256_LEN);
        ledger->committed.last_event = sqlite3_column_int64(statement, 0);
        ledger->newest_ns = (uint64_t)sqlite3_column_int64(statement, 2);
        ledger_sqlite_release(statement);
        if (!whole)
            return error_set(
                error, ERROR_LEDGER,
                "the ledger %s is damaged: its last event has no chain\nhint: restore it with its key file from a backup",
                ledger->path);
    }
    ledger->chain = ledger->committed;
    return 0;
}

void ledger_chain_head(const struct ledger *ledger, char head[LEDGER_HEAD_SIZE])
{
    digest_hex(ledger->committed.head, DIGEST_SHA256_LEN, head);
}

static int has_row(struct ledger *ledger, enum ledger_statement which, struct slice text, struct slice blob,
                   struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, which, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, text);
    ledger_sqlite_bind_blob(statement, 1, blob);
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row == 1)
        ledger_sqlite_release(statement);
    return row;
}

int ledger_has_head(struct ledger *ledger, const char *head, struct error *error)
{
    uint8_t bytes[DIGEST_SHA256_LEN];
    if (!ledger_file_read_hex(slice_from(head), bytes, sizeof bytes))
        return 0;
    if (memcmp(bytes, beginning, sizeof bytes) == 0 ||
        memcmp(bytes, ledger->committed.head, sizeof bytes) == 0)
        return 1;
    /* An index of the chain would cost 40 bytes an event, and almost every head that is looked up is that of
     * the end of a run. */
    int found = has_row(ledger, LEDGER_SQL_HEAD_OF_RUN, slice_from(head), slice_make(NULL, 0), error);
    if (found != 0)
        return found;
    return has_row(ledger, LEDGER_SQL_HEAD_OF_EVENT, slice_make(NULL, 0),
                   slice_make((const char *)bytes, sizeof bytes), error);
}
