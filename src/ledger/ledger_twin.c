#include <string.h>

#include "ledger/ledger_sqlite.h"

int ledger_find_twin(struct ledger *ledger, const uint8_t identity[FINGERPRINT_IDENTITY_LEN], int64_t id,
                     struct arena *arena, struct slice *external_id, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_TWIN, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_blob(statement, 1, slice_make((const char *)identity, FINGERPRINT_IDENTITY_LEN));
    ledger_sqlite_bind_number(statement, 2, id);
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row == 1) {
        *external_id = arena_copy(arena, ledger_sqlite_column(statement, 1));
        ledger_sqlite_release(statement);
    }
    return row;
}

int ledger_note_twin(struct ledger *ledger, const struct ledger_intent *intent, struct slice message,
                     struct error *error)
{
    bool is_new = intent->id == 0;
    sqlite3_stmt *statement =
        ledger_sqlite_prepare_write(ledger, is_new ? LEDGER_SQL_TWIN_NEW : LEDGER_SQL_TWIN_AGAIN, error);
    if (!statement)
        return -1;
    if (is_new)
        ledger_sqlite_bind_text(statement, 1, intent->external_id);
    else
        ledger_sqlite_bind_number(statement, 1, intent->id);
    ledger_sqlite_bind_blob(statement, 2, slice_make((const char *)intent->digest, FINGERPRINT_LEN));
    ledger_sqlite_bind_blob(statement, 3, intent->member_digests);
    ledger_sqlite_bind_text(statement, 4, message);
    ledger_sqlite_bind_number_or_null(statement, 5, ledger->run);
    ledger_sqlite_bind_number(statement, 6, (int64_t)intent->at_ns);
    return ledger_sqlite_write(ledger, statement, error);
}

int ledger_stop_twins(struct ledger *ledger, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_TWINS_STOPPED, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, ledger->run);
    return ledger_sqlite_write(ledger, statement, error);
}

int ledger_identify(struct ledger *ledger, const struct ledger_identification *known, struct error *error)
{
    struct ledger_snapshot snapshot;
    if (ledger_snapshot_read(ledger, known->id, known->external_id, &snapshot, error))
        return -1;
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_IDENTITY, error);
    if (!statement)
        return -1;
    struct slice digest = slice_make((const char *)known->digest, known->digest ? FINGERPRINT_LEN : 0);
    ledger_sqlite_bind_number(statement, 1, known->id);
    ledger_sqlite_bind_blob(
        statement, 2,
        slice_make((const char *)known->identity, known->identity ? FINGERPRINT_IDENTITY_LEN : 0));
    ledger_sqlite_bind_blob(statement, 3, digest);
    if (ledger_sqlite_write(ledger, statement, error))
        return -1;
    struct ledger_event event = {
        .run = ledger->run,
        .customer_id = known->id,
        .row = (int64_t)known->row,
        .operation = SLICE_LITERAL(LEDGER_OPERATION_IDENTIFY),
        .outcome = SLICE_LITERAL("done"),
        .digest = digest,
        .at_ns = (int64_t)known->at_ns,
    };
    memcpy(event.customer, snapshot.customer, sizeof event.customer);
    return ledger_event_append(ledger, &event, error);
}
