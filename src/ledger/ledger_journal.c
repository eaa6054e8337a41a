#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "ledger/ledger_sqlite.h"

/* 1: inserted; 0: the key exists already; -1. */
static int make_customer(struct ledger *ledger, const struct ledger_intent *intent, int64_t *id,
                         struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_NEW, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, intent->external_id);
    ledger_sqlite_bind_blob(statement, 2, slice_make((const char *)intent->digest, FINGERPRINT_LEN));
    ledger_sqlite_bind_blob(statement, 3, intent->member_digests);
    ledger_sqlite_bind_text(statement, 4, intent->idempotency_key);
    ledger_sqlite_bind_number(statement, 5, (int64_t)intent->at_ns);
    ledger_sqlite_bind_number_or_null(statement, 6, ledger->run);
    ledger_sqlite_bind_blob(statement, 7, intent->email_digest);
    ledger_sqlite_bind_blob(statement, 8, intent->identity);
    if (ledger_sqlite_write(ledger, statement, error))
        return -1;
    if (sqlite3_changes(ledger->db) == 0)
        return 0;
    *id = sqlite3_last_insert_rowid(ledger->db);
    return 1;
}

/* The customer whose key the unique index has refused. 0, or -1. */
static int find_by_key(struct ledger *ledger, struct slice external_id, int64_t *id, struct error *error)
{
    *id = ledger_find_id(ledger, external_id, error);
    if (*id == 0)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s is damaged: its index of keys names a customer that is gone\nhint: restore it with its key file from a backup",
            ledger->path);
    return *id < 0 ? -1 : 0;
}

int ledger_mark_members_unknown(struct ledger *ledger, int64_t id, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_MEMBERS, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, id);
    int row = ledger_sqlite_row(ledger, statement, error);
    assert(row != 0 && "the customer was read a moment ago");
    if (row < 0)
        return -1;
    struct slice known = ledger_sqlite_column(statement, 0), tried = ledger_sqlite_column(statement, 1);
    char *members = memory_new(1, known.len + 1);
    size_t len = 0;
    /* Different lengths (this version has other members of the provider): no member is known. */
    for (; known.len == tried.len && len + FINGERPRINT_MEMBER_LEN <= known.len; len += FINGERPRINT_MEMBER_LEN)
        if (memcmp(known.data + len, tried.data + len, FINGERPRINT_MEMBER_LEN) == 0)
            memcpy(members + len, known.data + len, FINGERPRINT_MEMBER_LEN);
        else
            memset(members + len, LEDGER_MEMBER_UNKNOWN, FINGERPRINT_MEMBER_LEN);
    ledger_sqlite_release(statement);
    statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_MEMBERS_UNKNOWN, error);
    int result = -1;
    if (statement) {
        ledger_sqlite_bind_number(statement, 1, id);
        ledger_sqlite_bind_blob(statement, 2, slice_make(members, len));
        result = ledger_sqlite_write(ledger, statement, error);
    }
    free(members);
    return result;
}

/* An operation that is journalled again has been in doubt since the first time. attempts becomes at least 1,
 * because it may have been sent. */
static int journal_again(struct ledger *ledger, const struct ledger_intent *intent,
                         const struct ledger_snapshot *snapshot, struct error *error)
{
    enum ledger_state state = intent->operation == OPERATION_CREATE ? LEDGER_IN_DOUBT : snapshot->state;
    if (intent->operation == OPERATION_UPDATE && ledger_mark_members_unknown(ledger, snapshot->id, error))
        return -1;
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_JOURNAL_AGAIN, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, snapshot->id);
    ledger_sqlite_bind_text(statement, 2, slice_from(ledger_state_word(state)));
    ledger_sqlite_bind_number_or_null(statement, 3, ledger->run);
    ledger_sqlite_bind_number(statement, 4, (int64_t)intent->at_ns);
    return ledger_sqlite_write(ledger, statement, error);
}

static int journal_anew(struct ledger *ledger, const struct ledger_intent *intent,
                        const struct ledger_snapshot *snapshot, struct error *error)
{
    enum ledger_state state = intent->operation == OPERATION_CREATE ? LEDGER_JOURNALLED : snapshot->state;
    if (snapshot->open && ledger_mark_members_unknown(ledger, snapshot->id, error))
        return -1;
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_JOURNAL, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, snapshot->id);
    ledger_sqlite_bind_text(statement, 2, slice_from(ledger_state_word(state)));
    ledger_sqlite_bind_text(statement, 3, slice_from(operation_word(intent->operation)));
    ledger_sqlite_bind_blob(statement, 4, slice_make((const char *)intent->digest, FINGERPRINT_LEN));
    ledger_sqlite_bind_blob(statement, 5, intent->member_digests);
    ledger_sqlite_bind_text(statement, 6, intent->idempotency_key);
    ledger_sqlite_bind_number(statement, 7, (int64_t)intent->at_ns);
    ledger_sqlite_bind_number(statement, 8, snapshot->open ? 1 : 0);
    ledger_sqlite_bind_number_or_null(statement, 9, ledger->run);
    ledger_sqlite_bind_blob(statement, 10, intent->email_digest);
    ledger_sqlite_bind_blob(statement, 11, intent->identity);
    return ledger_sqlite_write(ledger, statement, error);
}

/* The index led to this row: a different key in it means that one of the two is damaged. */
static int check_key(struct ledger *ledger, const struct ledger_intent *intent,
                     const struct ledger_snapshot *snapshot, struct error *error)
{
    uint8_t customer[DIGEST_SHA256_LEN];
    ledger_customer_digest(ledger, intent->external_id, customer);
    if (memcmp(customer, snapshot->customer, sizeof customer) == 0)
        return 0;
    return error_set(
        error, ERROR_LEDGER,
        "the ledger %s is damaged: its index names customer %lld for another key\nhint: keep a copy, restore it with its key file from a backup, and check the disk",
        ledger->path, (long long)snapshot->id);
}

int ledger_journal(struct ledger *ledger, const struct ledger_intent *intent, int64_t *id,
                   struct error *error)
{
    assert(intent->external_id.len > 0 && intent->digest && intent->at_ns > 0);
    *id = intent->id;
    bool by_key = *id == 0;
    if (by_key) {
        int made = make_customer(ledger, intent, id, error);
        assert((made != 1 || intent->operation == OPERATION_CREATE) && "a new customer is created first");
        if (made != 0)
            return made < 0 ? -1 : 0;
        if (find_by_key(ledger, intent->external_id, id, error))
            return -1;
    }
    struct ledger_snapshot snapshot;
    if (ledger_snapshot_read(ledger, *id, by_key ? slice_make(NULL, 0) : intent->external_id, &snapshot,
                             error) ||
        (by_key && check_key(ledger, intent, &snapshot, error)))
        return -1;
    /* Promise 1, never twice: the row decides, whatever the caller assumed. */
    bool same = snapshot.open && snapshot.has_pending && snapshot.operation == intent->operation &&
                memcmp(snapshot.pending_digest, intent->digest, FINGERPRINT_LEN) == 0;
    if (intent->operation == OPERATION_CREATE) {
        assert(!snapshot.has_user_id && snapshot.state != LEDGER_CREATED &&
               "a customer with a user_id is never sent a create");
        assert((snapshot.state == LEDGER_REFUSED || same) &&
               "a create in doubt is only repeated as it was journalled");
    } else {
        assert(snapshot.has_user_id && snapshot.state == LEDGER_CREATED &&
               "only a created customer is updated");
    }
    return same ? journal_again(ledger, intent, &snapshot, error)
                : journal_anew(ledger, intent, &snapshot, error);
}

int ledger_journal_superseded(struct ledger *ledger, const struct ledger_intent *intent, struct error *error)
{
    struct ledger_snapshot snapshot;
    if (ledger_snapshot_read(ledger, intent->id, intent->external_id, &snapshot, error))
        return -1;
    assert(snapshot.open && snapshot.operation == OPERATION_CREATE && !snapshot.has_user_id &&
           "only a create in doubt is superseded");
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_SUPERSEDE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, intent->id);
    ledger_sqlite_bind_blob(statement, 2, slice_make((const char *)intent->digest, FINGERPRINT_LEN));
    ledger_sqlite_bind_blob(statement, 3, intent->member_digests);
    ledger_sqlite_bind_number_or_null(statement, 4, ledger->run);
    ledger_sqlite_bind_number(statement, 5, (int64_t)intent->at_ns);
    ledger_sqlite_bind_blob(statement, 6, intent->email_digest);
    ledger_sqlite_bind_blob(statement, 7, intent->identity);
    return ledger_sqlite_write(ledger, statement, error);
}
