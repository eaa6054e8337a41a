#include <string.h>

#include "ledger/ledger_sqlite.h"

/* A row of LEDGER_SQL_EVENTS; its slices live until the next step. False when its customer is gone. */
static bool read_event(struct ledger *ledger, sqlite3_stmt *statement, struct ledger_event *event,
                       struct slice *chain)
{
    *event = (struct ledger_event){
        .id = sqlite3_column_int64(statement, 0),
        .run = sqlite3_column_int64(statement, 1),
        .customer_id = sqlite3_column_int64(statement, 2),
        .row = sqlite3_column_int64(statement, 4),
        .operation = ledger_sqlite_column(statement, 5),
        .outcome = ledger_sqlite_column(statement, 6),
        .user_id = ledger_sqlite_column(statement, 7),
        .digest = ledger_sqlite_column(statement, 8),
        .http_status = sqlite3_column_int64(statement, 9),
        .code = ledger_sqlite_column(statement, 10),
        .request_id = ledger_sqlite_column(statement, 11),
        .attempt = sqlite3_column_int64(statement, 12),
        .latency_ms = sqlite3_column_int64(statement, 13),
        .at = sqlite3_column_int64(statement, 14),
    };
    *chain = ledger_sqlite_column(statement, 15);
    struct slice external_id = ledger_sqlite_column(statement, 3);
    if (external_id.len == 0)
        return false;
    ledger_customer_digest(ledger, external_id, event->customer);
    return true;
}

/* The head with which the last finished run ended: events cut off behind the last one leave a chain that is
 * whole, and this alone shows it. 1, 0 there is none, -1. */
static int last_head(struct ledger *ledger, uint8_t head[DIGEST_SHA256_LEN], struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_LAST_HEAD, error);
    if (!statement)
        return -1;
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row != 1)
        return row;
    if (!ledger_file_read_hex(ledger_sqlite_column(statement, 0), head, DIGEST_SHA256_LEN))
        memset(head, 0xff, DIGEST_SHA256_LEN); /* no chain has this head: it counts as broken */
    ledger_sqlite_release(statement);
    return 1;
}

int ledger_verify(struct ledger *ledger, int64_t *broken, struct error *error)
{
    uint8_t wanted[DIGEST_SHA256_LEN];
    int want = last_head(ledger, wanted, error);
    if (want < 0)
        return -1;
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_EVENTS, error);
    if (!statement)
        return -1;
    struct ledger_chain chain = {.last_event = 0};
    bool seen = !want || memcmp(wanted, chain.head, sizeof(wanted)) == 0;
    int row;
    while ((row = ledger_sqlite_row(ledger, statement, error)) == 1) {
        struct ledger_event event;
        struct slice head;
        *broken = chain.last_event + 1;
        bool whole = read_event(ledger, statement, &event, &head) && event.id == *broken;
        if (whole) {
            ledger_chain_add(ledger, &event, &chain);
            whole = slice_equal(head, slice_make((const char *)chain.head, DIGEST_SHA256_LEN));
        }
        if (!whole) {
            ledger_sqlite_release(statement);
            return 0;
        }
        seen = seen || memcmp(wanted, chain.head, sizeof(wanted)) == 0;
    }
    if (row < 0)
        return -1;
    *broken = seen ? 0 : chain.last_event + 1;
    return seen;
}
