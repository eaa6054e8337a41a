#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "ledger/ledger_sqlite.h"

/* What a change of key depends on. */
struct rekeyed {
    bool has_user, in_doubt; /* in_doubt: its create is open */
    bool is_twin;            /* refused as a twin and never sent: it has no event */
    char *members, *pending; /* member digests, with those of the key replaced; owned; NULL: none */
    size_t members_len, pending_len;
};

/* The stored member digests with those of the new key in their places: key_members holds eight bytes a
 * member, zeros where a member does not hold the key. */
static char *replace_members(struct slice stored, struct slice key_members, size_t *len)
{
    static const char none[FINGERPRINT_MEMBER_LEN];

    *len = stored.len;
    if (stored.len == 0)
        return NULL;
    char *members = memory_new(stored.len, 1);
    memcpy(members, stored.data, stored.len);
    for (size_t offset = 0; offset + FINGERPRINT_MEMBER_LEN <= stored.len && offset < key_members.len;
         offset += FINGERPRINT_MEMBER_LEN)
        if (memcmp(key_members.data + offset, none, FINGERPRINT_MEMBER_LEN) != 0)
            memcpy(members + offset, key_members.data + offset, FINGERPRINT_MEMBER_LEN);
    return members;
}

static int read_rekeyed(struct ledger *ledger, int64_t id, struct slice key_members, struct rekeyed *rekeyed,
                        struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_REKEY_MEMBERS, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, id);
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row != 1)
        return row < 0
                   ? -1
                   : error_set(
                         error, ERROR_LEDGER,
                         "the ledger %s is damaged: customer %lld is gone\nhint: restore it with its key file from a backup",
                         ledger->path, (long long)id);
    *rekeyed = (struct rekeyed){
        .has_user = sqlite3_column_int(statement, 1),
        .is_twin = sqlite3_column_int(statement, 4),
        .in_doubt = sqlite3_column_int(statement, 5),
    };
    rekeyed->members =
        replace_members(ledger_sqlite_column(statement, 2), key_members, &rekeyed->members_len);
    rekeyed->pending =
        replace_members(ledger_sqlite_column(statement, 3), key_members, &rekeyed->pending_len);
    ledger_sqlite_release(statement);
    return 0;
}

/* Frees the new key: a row that was only refused as a twin has no event, and may be deleted. 0 with the
 * settlement, or -1. */
static int free_key(struct ledger *ledger, const struct ledger_rekey *rekey,
                    enum ledger_settlement *settlement, struct error *error)
{
    struct rekeyed other = {.has_user = false};
    int64_t id = ledger_find_id(ledger, rekey->to, error);
    if (id <= 0)
        return (int)id;
    if (read_rekeyed(ledger, id, slice_make(NULL, 0), &other, error) != 0)
        return -1;
    free(other.members);
    free(other.pending);
    if (!other.is_twin) {
        *settlement = LEDGER_SETTLE_KEY_TAKEN;
        return 0;
    }
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_DELETE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, id);
    return ledger_sqlite_write(ledger, statement, error);
}

static int write_key(struct ledger *ledger, const struct ledger_rekey *rekey, int64_t id,
                     const struct rekeyed *rekeyed, struct error *error)
{
    struct ledger_event event = {
        .run = ledger->run,
        .customer_id = id,
        .operation = SLICE_LITERAL(LEDGER_OPERATION_REKEY),
        .outcome = SLICE_LITERAL("done"),
        .at_ns = (int64_t)rekey->at_ns,
    };
    uint8_t former[DIGEST_SHA256_LEN];
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_REKEY, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, id);
    ledger_sqlite_bind_text(statement, 2, rekey->to);
    ledger_sqlite_bind_number(statement, 3, rekey->is_digested);
    ledger_sqlite_bind_blob(statement, 4, slice_make(rekeyed->members, rekeyed->members_len));
    ledger_sqlite_bind_blob(statement, 5, slice_make(rekeyed->pending, rekeyed->pending_len));
    ledger_sqlite_bind_number_or_null(statement, 6, ledger->run);
    ledger_sqlite_bind_number(statement, 7, (int64_t)rekey->at_ns);
    if (ledger_sqlite_write(ledger, statement, error))
        return -1;
    ledger_customer_digest(ledger, rekey->from, former);
    ledger_customer_digest(ledger, rekey->to, event.customer);
    event.digest = slice_make((const char *)former, sizeof former);
    if (rekey->is_digested)
        event.code = SLICE_LITERAL(LEDGER_DIGEST_UNKNOWN);
    return ledger_event_append(ledger, &event, error);
}

int ledger_rekey(struct ledger *ledger, const struct ledger_rekey *rekey, enum ledger_settlement *settlement,
                 struct error *error)
{
    struct rekeyed rekeyed = {.has_user = false};
    int64_t id = ledger_find_id(ledger, rekey->from, error);
    *settlement = LEDGER_SETTLE_UNKNOWN;
    if (id <= 0)
        return (int)id;
    if (read_rekeyed(ledger, id, rekey->key_members, &rekeyed, error) != 0)
        return -1;
    int result = 0;
    *settlement = rekeyed.in_doubt   ? LEDGER_SETTLE_IN_DOUBT
                  : rekeyed.has_user ? LEDGER_SETTLED
                                     : LEDGER_SETTLE_UNKNOWN;
    if (*settlement == LEDGER_SETTLED)
        result = free_key(ledger, rekey, settlement, error);
    if (result == 0 && *settlement == LEDGER_SETTLED)
        result = write_key(ledger, rekey, id, &rekeyed, error);
    free(rekeyed.members);
    free(rekeyed.pending);
    return result;
}
