#include <string.h>

#include "ledger/ledger_sqlite.h"

#define OUTCOME_SETTLED "settled"

static int adopt(struct ledger *ledger, const struct ledger_verdict *verdict,
                 enum ledger_settlement *settlement, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_ADOPT, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, verdict->external_id);
    ledger_sqlite_bind_text(statement, 2, verdict->user_id);
    ledger_sqlite_bind_number_or_null(statement, 3, ledger->run);
    ledger_sqlite_bind_number(statement, 4, (int64_t)verdict->at_ns);
    ledger_sqlite_bind_number(statement, 5, ledger->chain.last_event + 1);
    int taken = ledger_sqlite_write_unless_taken(ledger, statement, error);
    *settlement = taken == 1 ? LEDGER_SETTLE_TAKEN : LEDGER_SETTLE_ADOPTED;
    return taken < 0 ? -1 : 0;
}

/* settlement: what it is when nobody else has the user. */
static int give_user(struct ledger *ledger, const struct ledger_now *now,
                     const struct ledger_verdict *verdict, enum ledger_settlement *settlement,
                     struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_SETTLE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, now->id);
    ledger_sqlite_bind_text(statement, 2, verdict->user_id);
    ledger_sqlite_bind_number_or_null(statement, 3, ledger->run);
    ledger_sqlite_bind_number(statement, 4, (int64_t)verdict->at_ns);
    if (*settlement != LEDGER_SETTLE_ACCEPTED)
        ledger_sqlite_bind_number(statement, 5, ledger->chain.last_event + 1);
    ledger_sqlite_bind_number(statement, 6, verdict->differs);
    int taken = ledger_sqlite_write_unless_taken(ledger, statement, error);
    if (taken == 1)
        *settlement = LEDGER_SETTLE_TAKEN;
    return taken < 0 ? -1 : 0;
}

static int take_back(struct ledger *ledger, const struct ledger_now *now, uint64_t at_ns, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_ABSENT, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, now->id);
    ledger_sqlite_bind_number_or_null(statement, 2, ledger->run);
    ledger_sqlite_bind_number(statement, 3, (int64_t)at_ns);
    return ledger_sqlite_write(ledger, statement, error);
}

/* What the row holds beside struct ledger_now. */
struct standing {
    bool same_user;  /* it has exactly the verdict's user */
    bool by_verdict; /* a person gave it the user that it has */
    enum ledger_twin twin;
};

static int read_standing(struct ledger *ledger, int64_t id, struct slice user_id, struct standing *standing,
                         struct error *error)
{
    struct arena arena;
    struct ledger_customer customer;
    arena_init(&arena, 1024);
    int found = ledger_find(ledger, id, &arena, &customer, error);
    if (found == 1)
        *standing = (struct standing){.same_user = slice_equal(customer.user_id, user_id),
                                      .by_verdict = customer.by_verdict,
                                      .twin = customer.twin};
    arena_clear(&arena);
    return found == 1 ? 0 : -1;
}

static int settle_absent(struct ledger *ledger, const struct ledger_now *now, const struct standing *standing,
                         uint64_t at_ns, enum ledger_settlement *settlement, struct error *error)
{
    if (now->open && now->operation == OPERATION_CREATE)
        *settlement = LEDGER_SETTLED;
    else if (now->has_user_id && standing->by_verdict)
        *settlement = LEDGER_SETTLE_CORRECTED;
    else if (!now->has_user_id &&
             (standing->twin == LEDGER_TWIN_REFUSED || standing->twin == LEDGER_TWIN_STOPPED))
        *settlement = LEDGER_SETTLE_ALLOWED;
    else
        *settlement = LEDGER_SETTLE_NO_DOUBT;
    return *settlement == LEDGER_SETTLE_NO_DOUBT ? 0 : take_back(ledger, now, at_ns, error);
}

/* A customer that is in the ledger. */
static int settle_known(struct ledger *ledger, const struct ledger_now *now,
                        const struct ledger_verdict *verdict, enum ledger_settlement *settlement,
                        struct error *error)
{
    struct standing standing;
    if (read_standing(ledger, now->id, verdict->user_id, &standing, error) != 0)
        return -1;
    if (verdict->user_id.len == 0)
        return settle_absent(ledger, now, &standing, verdict->at_ns, settlement, error);
    if (!now->has_user_id)
        *settlement = LEDGER_SETTLED;
    else if (standing.same_user)
        *settlement = LEDGER_SETTLE_ACCEPTED;
    else if (standing.by_verdict || verdict->proven)
        *settlement = LEDGER_SETTLE_CORRECTED;
    else
        *settlement = LEDGER_SETTLE_OTHER_USER;
    return *settlement == LEDGER_SETTLE_OTHER_USER ? 0 : give_user(ledger, now, verdict, settlement, error);
}

static bool is_written(enum ledger_settlement settlement)
{
    return settlement <= LEDGER_SETTLE_ACCEPTED || settlement == LEDGER_SETTLE_CORRECTED ||
           settlement == LEDGER_SETTLE_ALLOWED;
}

/* What the provider has is known from a create in doubt alone. */
static int append_settled(struct ledger *ledger, const struct ledger_now *now,
                          const struct ledger_verdict *verdict, struct error *error)
{
    bool is_create = verdict->user_id.len == 0 || now->operation == OPERATION_CREATE;
    bool has_digest = now->has_pending && now->open && !verdict->differs;
    struct ledger_event event = {
        .run = ledger->run,
        .customer_id = now->id,
        .operation = slice_from(operation_word(is_create ? OPERATION_CREATE : now->operation)),
        .outcome = SLICE_LITERAL(OUTCOME_SETTLED),
        .user_id = verdict->user_id,
        .digest = slice_make((const char *)now->pending_digest, has_digest ? FINGERPRINT_LEN : 0),
        .at_ns = (int64_t)verdict->at_ns,
    };
    memcpy(event.customer, now->customer, sizeof event.customer);
    return ledger_event_append(ledger, &event, error);
}

int ledger_settle(struct ledger *ledger, const struct ledger_verdict *verdict,
                  enum ledger_settlement *settlement, struct error *error)
{
    int64_t id = ledger_find_id(ledger, verdict->external_id, error);
    struct ledger_now now = {.operation = OPERATION_CREATE};
    if (id < 0)
        return -1;
    *settlement = LEDGER_SETTLE_NO_DOUBT;
    if (id == 0 && verdict->user_id.len > 0 && adopt(ledger, verdict, settlement, error) != 0)
        return -1;
    if (id > 0 && (ledger_now_read(ledger, id, verdict->external_id, &now, error) != 0 ||
                   settle_known(ledger, &now, verdict, settlement, error) != 0))
        return -1;
    if (*settlement == LEDGER_SETTLE_ADOPTED &&
        ((id = ledger_find_id(ledger, verdict->external_id, error)) < 0 ||
         ledger_now_read(ledger, id, verdict->external_id, &now, error) != 0))
        return -1;
    if (!is_written(*settlement))
        return 0;
    return append_settled(ledger, &now, verdict, error);
}
