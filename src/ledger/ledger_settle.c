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

/* settlement: its value unless another customer has the user. */
static int assign_user(struct ledger *ledger, const struct ledger_snapshot *snapshot,
                       const struct ledger_verdict *verdict, enum ledger_settlement *settlement,
                       struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_SETTLE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, snapshot->id);
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

static int clear_user(struct ledger *ledger, const struct ledger_snapshot *snapshot, uint64_t at_ns,
                      struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_ABSENT, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, snapshot->id);
    ledger_sqlite_bind_number_or_null(statement, 2, ledger->run);
    ledger_sqlite_bind_number(statement, 3, (int64_t)at_ns);
    return ledger_sqlite_write(ledger, statement, error);
}

/* What the row has besides struct ledger_snapshot. */
struct user_state {
    bool same_user;  /* its user is that of the verdict */
    bool by_verdict; /* a person gave it the user that it has */
    enum ledger_twin twin;
};

static int read_user_state(struct ledger *ledger, int64_t id, struct slice user_id, struct user_state *state,
                           struct error *error)
{
    struct arena arena;
    struct ledger_customer customer;
    arena_init(&arena, 1024);
    int found = ledger_find(ledger, id, &arena, &customer, error);
    if (found == 1)
        *state = (struct user_state){.same_user = slice_equal(customer.user_id, user_id),
                                     .by_verdict = customer.by_verdict,
                                     .twin = customer.twin};
    arena_clear(&arena);
    return found == 1 ? 0 : -1;
}

static int settle_absent(struct ledger *ledger, const struct ledger_snapshot *snapshot,
                         const struct user_state *state, uint64_t at_ns, enum ledger_settlement *settlement,
                         struct error *error)
{
    if (snapshot->open && snapshot->operation == OPERATION_CREATE)
        *settlement = LEDGER_SETTLED;
    else if (snapshot->has_user_id && state->by_verdict)
        *settlement = LEDGER_SETTLE_CORRECTED;
    else if (!snapshot->has_user_id &&
             (state->twin == LEDGER_TWIN_REFUSED || state->twin == LEDGER_TWIN_STOPPED))
        *settlement = LEDGER_SETTLE_ALLOWED;
    else
        *settlement = LEDGER_SETTLE_NO_DOUBT;
    return *settlement == LEDGER_SETTLE_NO_DOUBT ? 0 : clear_user(ledger, snapshot, at_ns, error);
}

/* For a customer that is in the ledger. */
static int settle_known(struct ledger *ledger, const struct ledger_snapshot *snapshot,
                        const struct ledger_verdict *verdict, enum ledger_settlement *settlement,
                        struct error *error)
{
    struct user_state state;
    if (read_user_state(ledger, snapshot->id, verdict->user_id, &state, error) != 0)
        return -1;
    if (verdict->user_id.len == 0)
        return settle_absent(ledger, snapshot, &state, verdict->at_ns, settlement, error);
    if (!snapshot->has_user_id)
        *settlement = LEDGER_SETTLED;
    else if (state.same_user)
        *settlement = LEDGER_SETTLE_ACCEPTED;
    else if (state.by_verdict || verdict->proven)
        *settlement = LEDGER_SETTLE_CORRECTED;
    else
        *settlement = LEDGER_SETTLE_OTHER_USER;
    return *settlement == LEDGER_SETTLE_OTHER_USER
               ? 0
               : assign_user(ledger, snapshot, verdict, settlement, error);
}

static bool is_written(enum ledger_settlement settlement)
{
    return settlement <= LEDGER_SETTLE_ACCEPTED || settlement == LEDGER_SETTLE_CORRECTED ||
           settlement == LEDGER_SETTLE_ALLOWED;
}

/* Only a create in doubt has a digest of what the provider has. */
static int append_settled(struct ledger *ledger, const struct ledger_snapshot *snapshot,
                          const struct ledger_verdict *verdict, struct error *error)
{
    bool is_create = verdict->user_id.len == 0 || snapshot->operation == OPERATION_CREATE;
    bool has_digest = snapshot->has_pending && snapshot->open && !verdict->differs;
    struct ledger_event event = {
        .run = ledger->run,
        .customer_id = snapshot->id,
        .operation = slice_from(operation_word(is_create ? OPERATION_CREATE : snapshot->operation)),
        .outcome = SLICE_LITERAL(OUTCOME_SETTLED),
        .user_id = verdict->user_id,
        .digest = slice_make((const char *)snapshot->pending_digest, has_digest ? FINGERPRINT_LEN : 0),
        .at_ns = (int64_t)verdict->at_ns,
    };
    memcpy(event.customer, snapshot->customer, sizeof event.customer);
    return ledger_event_append(ledger, &event, error);
}

int ledger_settle(struct ledger *ledger, const struct ledger_verdict *verdict,
                  enum ledger_settlement *settlement, struct error *error)
{
    int64_t id = ledger_find_id(ledger, verdict->external_id, error);
    struct ledger_snapshot snapshot = {.operation = OPERATION_CREATE};
    if (id < 0)
        return -1;
    *settlement = LEDGER_SETTLE_NO_DOUBT;
    if (id == 0 && verdict->user_id.len > 0 && adopt(ledger, verdict, settlement, error) != 0)
        return -1;
    if (id > 0 && (ledger_snapshot_read(ledger, id, verdict->external_id, &snapshot, error) != 0 ||
                   settle_known(ledger, &snapshot, verdict, settlement, error) != 0))
        return -1;
    if (*settlement == LEDGER_SETTLE_ADOPTED &&
        ((id = ledger_find_id(ledger, verdict->external_id, error)) < 0 ||
         ledger_snapshot_read(ledger, id, verdict->external_id, &snapshot, error) != 0))
        return -1;
    if (!is_written(*settlement))
        return 0;
    return append_settled(ledger, &snapshot, verdict, error);
}
