#include <string.h>

#include "ledger/ledger_sqlite.h"

#define OUTCOME_SETTLED "settled"

/* The customer's id; 0: the ledger does not know him; -1. */
static int64_t find_id(struct ledger *ledger, struct slice external_id, struct error *error)
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

static int adopt(struct ledger *ledger, struct slice external_id, struct slice user_id, uint64_t at,
                 enum ledger_settlement *settlement, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_ADOPT, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, external_id);
    ledger_sqlite_bind_text(statement, 2, user_id);
    ledger_sqlite_bind_number_or_null(statement, 3, ledger->run);
    ledger_sqlite_bind_number(statement, 4, (int64_t)at);
    int taken = ledger_sqlite_write_unless_taken(ledger, statement, error);
    *settlement = taken == 1 ? LEDGER_SETTLE_TAKEN : LEDGER_SETTLE_ADOPTED;
    return taken < 0 ? -1 : 0;
}

static int give_user(struct ledger *ledger, const struct ledger_now *now, struct slice user_id, uint64_t at,
                     enum ledger_settlement *settlement, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_SETTLE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, now->id);
    ledger_sqlite_bind_text(statement, 2, user_id);
    ledger_sqlite_bind_number_or_null(statement, 3, ledger->run);
    ledger_sqlite_bind_number(statement, 4, (int64_t)at);
    int taken = ledger_sqlite_write_unless_taken(ledger, statement, error);
    *settlement = taken == 1         ? LEDGER_SETTLE_TAKEN
                  : now->has_user_id ? LEDGER_SETTLE_ACCEPTED
                                     : LEDGER_SETTLED;
    return taken < 0 ? -1 : 0;
}

static int take_back(struct ledger *ledger, const struct ledger_now *now, uint64_t at, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_ABSENT, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, now->id);
    ledger_sqlite_bind_number_or_null(statement, 2, ledger->run);
    ledger_sqlite_bind_number(statement, 3, (int64_t)at);
    return ledger_sqlite_write(ledger, statement, error);
}

/* 1: the customer has exactly this user; 0: another; -1. */
static int has_user(struct ledger *ledger, int64_t id, struct slice user_id, struct error *error)
{
    struct arena arena;
    struct ledger_customer customer;
    arena_init(&arena, 1024);
    int found = ledger_find(ledger, id, &arena, &customer, error);
    int same = found == 1 ? slice_equal(customer.user_id, user_id) : found;
    arena_clear(&arena);
    return same;
}

/* A customer whom the ledger knows. */
static int settle_known(struct ledger *ledger, const struct ledger_now *now, struct slice user_id,
                        uint64_t at, enum ledger_settlement *settlement, struct error *error)
{
    bool in_doubt = now->open && now->operation == OPERATION_CREATE;
    if (user_id.len == 0 && !in_doubt) {
        *settlement = LEDGER_SETTLE_NO_DOUBT;
        return 0;
    }
    if (user_id.len == 0) {
        *settlement = LEDGER_SETTLED;
        return take_back(ledger, now, at, error);
    }
    int same = now->has_user_id ? has_user(ledger, now->id, user_id, error) : 1;
    if (same < 0)
        return -1;
    if (same == 0) {
        *settlement = LEDGER_SETTLE_OTHER_USER;
        return 0;
    }
    return give_user(ledger, now, user_id, at, settlement, error);
}

int ledger_settle(struct ledger *ledger, struct slice external_id, struct slice user_id, uint64_t at,
                  enum ledger_settlement *settlement, struct error *error)
{
    int64_t id = find_id(ledger, external_id, error);
    struct ledger_now now = {.operation = OPERATION_CREATE};
    if (id < 0)
        return -1;
    *settlement = LEDGER_SETTLE_NO_DOUBT;
    if (id == 0 && user_id.len > 0 && adopt(ledger, external_id, user_id, at, settlement, error) != 0)
        return -1;
    if (id > 0 && (ledger_now_read(ledger, id, external_id, &now, error) != 0 ||
                   settle_known(ledger, &now, user_id, at, settlement, error) != 0))
        return -1;
    if (*settlement == LEDGER_SETTLE_ADOPTED && ((id = find_id(ledger, external_id, error)) < 0 ||
                                                 ledger_now_read(ledger, id, external_id, &now, error) != 0))
        return -1;
    if (*settlement > LEDGER_SETTLE_ACCEPTED)
        return 0;
    struct ledger_event event = {
        .run = ledger->run,
        .customer_id = id,
        .operation = slice_from(operation_word(now.operation)),
        .outcome = SLICE_LITERAL(OUTCOME_SETTLED),
        .user_id = user_id,
        .digest = slice_make((const char *)now.pending_digest, now.has_pending ? FINGERPRINT_LEN : 0),
        .at = (int64_t)at,
    };
    memcpy(event.customer, now.customer, sizeof(event.customer));
    return ledger_event_append(ledger, &event, error);
}
