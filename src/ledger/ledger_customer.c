#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ledger/ledger_sqlite.h"

static const char *const state_words[] = {
    [LEDGER_JOURNALLED] = "journalled",
    [LEDGER_IN_DOUBT] = "in_doubt",
    [LEDGER_CREATED] = "created",
    [LEDGER_REFUSED] = "refused",
};

const char *ledger_state_word(enum ledger_state state)
{
    return state_words[state];
}

const char *ledger_status_label(const struct ledger_customer *customer)
{
    bool is_unsent = customer->state == LEDGER_REFUSED && customer->pending_digest.len == 0;
    return is_unsent ? "unsent" : ledger_state_word(customer->state);
}

/* The first letters differ. An unknown word was written by another program: it counts as in doubt, the state
 * in which no create is sent without a check. */
enum ledger_state ledger_state_from(struct slice word)
{
    switch (word.len > 0 ? word.data[0] : '\0') {
    case 'j':
        return LEDGER_JOURNALLED;
    case 'c':
        return LEDGER_CREATED;
    case 'r':
        return LEDGER_REFUSED;
    default:
        return LEDGER_IN_DOUBT;
    }
}

static enum operation operation_from(struct slice word)
{
    return slice_is(word, "update") ? OPERATION_UPDATE : OPERATION_CREATE;
}

static enum ledger_twin twin_from(struct slice word)
{
    if (word.len == 0)
        return LEDGER_TWIN_NONE;
    return slice_is(word, "allowed")   ? LEDGER_TWIN_ALLOWED
           : slice_is(word, "stopped") ? LEDGER_TWIN_STOPPED
                                       : LEDGER_TWIN_REFUSED;
}

static uint64_t read_first_bytes(struct slice digest)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8 && i < digest.len; i++)
        number |= (uint64_t)(uint8_t)digest.data[i] << (8 * i);
    return number;
}

/* Checks the columns that the scan uses; the others are checked when the customer is read in full, which
 * would cost a fifth of the scan. 0, or -1: the statement is released. */
static int check_brief(struct ledger *ledger, sqlite3_stmt *statement, struct error *error)
{
    enum ledger_state state = ledger_state_from(ledger_sqlite_column(statement, 2));
    bool has_user_id = sqlite3_column_int(statement, 3), pending = sqlite3_column_int(statement, 4);
    const char *lacks = NULL;
    if (sqlite3_column_bytes(statement, 1) == 0)
        lacks = "external_id";
    else if (sqlite3_column_bytes(statement, 2) == 0)
        lacks = "state";
    else if (has_user_id != (state == LEDGER_CREATED))
        lacks = has_user_id ? "state created, and a user_id" : "user_id";
    else if (!pending && (state == LEDGER_JOURNALLED || state == LEDGER_IN_DOUBT))
        lacks = "pending_digest";
    if (!lacks)
        return 0;
    ledger_sqlite_fail_lacks(ledger, "customer", sqlite3_column_int64(statement, 0), slice_from(lacks),
                             error);
    ledger_sqlite_release(statement);
    return -1;
}

int ledger_scan(struct ledger *ledger, void (*each)(void *context, const struct ledger_brief *brief),
                void *context, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_SCAN, error);
    if (!statement)
        return -1;
    int row;
    while ((row = ledger_sqlite_row(ledger, statement, error)) == 1) {
        if (check_brief(ledger, statement, error))
            return -1;
        struct ledger_brief brief = {
            .id = sqlite3_column_int64(statement, 0),
            .external_id = ledger_sqlite_column(statement, 1),
            .state = ledger_state_from(ledger_sqlite_column(statement, 2)),
            .has_user_id = sqlite3_column_int(statement, 3),
            .pending = sqlite3_column_int(statement, 4),
            .digest = read_first_bytes(ledger_sqlite_column(statement, 5)),
            .open = sqlite3_column_int(statement, 6),
        };
        struct slice identity = ledger_sqlite_column(statement, 7);
        brief.identified = identity.len > 0 && identity.data[0] == FINGERPRINT_IDENTITY_VERSION;
        each(context, &brief);
    }
    return row;
}

static struct slice copy_column(sqlite3_stmt *statement, int index, struct arena *arena)
{
    struct slice bytes = ledger_sqlite_column(statement, index);
    return bytes.len > 0 ? arena_copy(arena, bytes) : bytes;
}

int ledger_customer_read(struct ledger *ledger, sqlite3_stmt *statement, struct arena *arena,
                         struct ledger_customer *customer, struct error *error)
{
    if (ledger_sqlite_check_lacks(ledger, statement, "customer", sqlite3_column_int64(statement, 0), error))
        return -1;
    *customer = (struct ledger_customer){
        .id = sqlite3_column_int64(statement, 0),
        .external_id = copy_column(statement, 1, arena),
        .state = ledger_state_from(ledger_sqlite_column(statement, 2)),
        .user_id = copy_column(statement, 3, arena),
        .digest = copy_column(statement, 4, arena),
        .member_digests = copy_column(statement, 5, arena),
        .operation = operation_from(ledger_sqlite_column(statement, 6)),
        .pending_digest = copy_column(statement, 7, arena),
        .pending_member_digests = copy_column(statement, 8, arena),
        .idempotency_key = copy_column(statement, 9, arena),
        .refusals = (uint32_t)sqlite3_column_int64(statement, 10),
        .first_sent_at = (uint64_t)sqlite3_column_int64(statement, 11),
        .http_status = sqlite3_column_int(statement, 12),
        .code = copy_column(statement, 13, arena),
        .message = copy_column(statement, 14, arena),
        .request_id = copy_column(statement, 15, arena),
        .attempts = (uint32_t)sqlite3_column_int64(statement, 16),
        .updated_at = (uint64_t)sqlite3_column_int64(statement, 17),
        .kept = copy_column(statement, 18, arena),
        .pending_email_digest = copy_column(statement, 19, arena),
        .updated_run = sqlite3_column_int64(statement, 20),
        .identity = copy_column(statement, 21, arena),
        .twin = twin_from(ledger_sqlite_column(statement, 22)),
        .former_key = copy_column(statement, 23, arena),
        .by_verdict = sqlite3_column_int64(statement, 24) != 0,
        .left_out = copy_column(statement, 25, arena),
    };
    return 0;
}

/* The first row of a statement with one number. 1 found, 0 not, -1. */
static int find_one(struct ledger *ledger, enum ledger_statement which, int64_t number, struct arena *arena,
                    struct ledger_customer *customer, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, which, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, number);
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row == 1 && ledger_customer_read(ledger, statement, arena, customer, error) != 0)
        return -1;
    if (row == 1)
        ledger_sqlite_release(statement);
    return row;
}

int ledger_find(struct ledger *ledger, int64_t id, struct arena *arena, struct ledger_customer *customer,
                struct error *error)
{
    return find_one(ledger, LEDGER_SQL_FIND, id, arena, customer, error);
}

int ledger_next_user(struct ledger *ledger, int64_t after, struct arena *arena,
                     struct ledger_customer *customer, struct error *error)
{
    return find_one(ledger, LEDGER_SQL_NEXT_USER, after, arena, customer, error);
}

int ledger_find_known(struct ledger *ledger, int64_t id, struct arena *arena,
                      struct ledger_customer *customer, struct error *error)
{
    int found = ledger_find(ledger, id, arena, customer, error);
    if (found == 0)
        error_set(
            error, ERROR_LEDGER,
            "the ledger %s was changed while it was in use: customer %lld is gone\nhint: make sure that no other program writes it, then run again",
            ledger->path, (long long)id);
    return found == 1 ? 0 : -1;
}

int64_t ledger_find_id(struct ledger *ledger, struct slice external_id, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_FIND_KEY, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, external_id);
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row <= 0)
        return row;
    int64_t id = sqlite3_column_int64(statement, 0);
    ledger_sqlite_release(statement);
    return id;
}

int ledger_find_by_key(struct ledger *ledger, struct slice external_id, struct arena *arena,
                       struct ledger_customer *customer, struct error *error)
{
    int64_t id = ledger_find_id(ledger, external_id, error);

    return id > 0 ? ledger_find(ledger, id, arena, customer, error) : (int)id;
}

int ledger_each_in_doubt(struct ledger *ledger, uint64_t max,
                         void (*each)(void *context, const struct ledger_customer *customer), void *context,
                         struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_IN_DOUBT, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    struct arena arena;
    arena_init(&arena, 4096);
    int row;
    while ((row = ledger_sqlite_row(ledger, statement, error)) == 1) {
        struct ledger_customer customer;
        arena_reset(&arena);
        row = ledger_customer_read(ledger, statement, &arena, &customer, error);
        if (row != 0)
            break;
        each(context, &customer);
    }
    arena_clear(&arena);
    return row;
}

int ledger_owner(struct ledger *ledger, struct slice user_id, int64_t *id, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_FIND_USER, error);
    *id = 0;
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, user_id);
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row == 1) {
        *id = sqlite3_column_int64(statement, 0);
        ledger_sqlite_release(statement);
    }
    return row < 0 ? -1 : 0;
}

int ledger_each_user(struct ledger *ledger, void (*each)(void *context, struct slice user_id), void *context,
                     struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_USERS, error);
    if (!statement)
        return -1;
    int row;
    while ((row = ledger_sqlite_row(ledger, statement, error)) == 1)
        each(context, ledger_sqlite_column(statement, 0));
    return row;
}

static const char *text_column(sqlite3_stmt *statement, int index)
{
    const char *text = (const char *)sqlite3_column_text(statement, index);
    return text ? text : "";
}

int ledger_check_complete(struct ledger *ledger, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_INCOMPLETE, error);
    int row = statement ? ledger_sqlite_row(ledger, statement, error) : -1;
    if (row != 1)
        return row;
    char table[16];
    snprintf(table, sizeof table, "%s", text_column(statement, 0));
    return ledger_sqlite_check_lacks(ledger, statement, table, sqlite3_column_int64(statement, 1), error);
}

int ledger_each_group(struct ledger *ledger, void (*each)(void *context, const struct ledger_group *group),
                      void *context, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_GROUPS, error);
    if (!statement)
        return -1;
    int row;
    while ((row = ledger_sqlite_row(ledger, statement, error)) == 1) {
        struct ledger_group group = {
            .state = text_column(statement, 0),
            .operation = text_column(statement, 1),
            .http_status = sqlite3_column_int(statement, 2),
            .code = text_column(statement, 3),
            .count = (uint64_t)sqlite3_column_int64(statement, 4),
        };
        each(context, &group);
    }
    return row;
}

int ledger_snapshot_read(struct ledger *ledger, int64_t id, struct slice key,
                         struct ledger_snapshot *snapshot, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_SNAPSHOT, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, id);
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row < 0)
        return -1;
    if (row == 0)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s is damaged: customer %lld is gone\nhint: restore it with its key file from a backup",
            ledger->path, (long long)id);
    if (ledger_sqlite_check_lacks(ledger, statement, "customer", id, error))
        return -1;
    struct slice external_id = ledger_sqlite_column(statement, 0);
    assert((key.len == 0 || slice_equal(key, external_id)) &&
           "the id and the key belong to the same customer");
    *snapshot = (struct ledger_snapshot){
        .id = id,
        .state = ledger_state_from(ledger_sqlite_column(statement, 1)),
        .has_user_id = sqlite3_column_int(statement, 2),
        .open = sqlite3_column_int(statement, 3),
        .operation = operation_from(ledger_sqlite_column(statement, 4)),
        .refusals = (uint32_t)sqlite3_column_int64(statement, 5),
        .attempts = (uint32_t)sqlite3_column_int64(statement, 6),
        .first_run = sqlite3_column_int64(statement, 8),
    };
    struct slice pending = ledger_sqlite_column(statement, 7);
    snapshot->has_pending = pending.len == FINGERPRINT_LEN;
    if (snapshot->has_pending)
        memcpy(snapshot->pending_digest, pending.data, FINGERPRINT_LEN);
    ledger_customer_digest(ledger, external_id, snapshot->customer);
    ledger_sqlite_release(statement);
    return 0;
}
