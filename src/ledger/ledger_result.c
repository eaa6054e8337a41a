#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "ledger/ledger_sqlite.h"

#define CODE_TAKEN "user_id_taken"

/* The columns of customer and event that an outcome fills; all empty without one. */
struct outcome_columns {
    bool any;
    int64_t http_status;
    struct slice outcome, user_id, code, message, request_id, kept;
};

static struct outcome_columns read_outcome_columns(const struct outcome *outcome)
{
    if (!outcome)
        return (struct outcome_columns){.any = false};
    return (struct outcome_columns){
        .any = true,
        .http_status = outcome->http_status,
        .outcome = slice_from(outcome_word(outcome->kind)),
        .user_id = slice_from(outcome->user_id),
        .code = slice_from(outcome->code),
        .message = slice_from(outcome->message),
        .request_id = slice_from(outcome->request_id),
        .kept = slice_from(outcome->kept),
    };
}

static uint32_t attempts_of(const struct ledger_result *result, const struct ledger_snapshot *snapshot)
{
    return result->event && result->attempt > snapshot->attempts ? result->attempt : snapshot->attempts;
}

/* The member digests of an acknowledged update of which the provider left members out. */
struct left_out {
    char *known;    /* what the provider has */
    char *left_out; /* what it left out */
    size_t len;
};

/* Read before the pending digests become the acknowledged ones. 0, or -1. Owner: the caller frees both. */
static int read_left_out(struct ledger *ledger, const struct ledger_result *result, struct left_out *left_out,
                         struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_MEMBERS, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, result->id);
    int row = ledger_sqlite_row(ledger, statement, error);
    assert(row != 0 && "the customer was read a moment ago");
    if (row < 0)
        return -1;
    struct slice known = ledger_sqlite_column(statement, 0), sent = ledger_sqlite_column(statement, 1);
    left_out->len = sent.len;
    left_out->known = memory_new(1, sent.len + 1);
    left_out->left_out = memory_new(1, sent.len + 1);
    memcpy(left_out->known, sent.data, sent.len);
    memset(left_out->left_out, LEDGER_MEMBER_UNKNOWN, sent.len);
    for (size_t i = 0; (i + 1) * FINGERPRINT_MEMBER_LEN <= sent.len; i++) {
        size_t offset = i * FINGERPRINT_MEMBER_LEN;
        if (!(result->left_out >> i & 1))
            continue;
        memcpy(left_out->left_out + offset, sent.data + offset, FINGERPRINT_MEMBER_LEN);
        if (offset + FINGERPRINT_MEMBER_LEN <= known.len)
            memcpy(left_out->known + offset, known.data + offset, FINGERPRINT_MEMBER_LEN);
        else
            memset(left_out->known + offset, LEDGER_MEMBER_UNKNOWN, FINGERPRINT_MEMBER_LEN);
    }
    ledger_sqlite_release(statement);
    return 0;
}

static int write_left_out(struct ledger *ledger, int64_t id, const struct left_out *left_out,
                          struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_LEFT_OUT, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, id);
    ledger_sqlite_bind_blob(statement, 2, slice_make(left_out->known, left_out->len));
    ledger_sqlite_bind_blob(statement, 3, slice_make(left_out->left_out, left_out->len));
    return ledger_sqlite_write(ledger, statement, error);
}

/* 0; 1 when another customer has the user_id already: nothing was written, the transaction continues; -1. */
static int acknowledge(struct ledger *ledger, const struct ledger_result *result,
                       const struct ledger_snapshot *snapshot, const struct outcome_columns *columns,
                       struct error *error)
{
    assert(snapshot->open && snapshot->has_pending && "only a journalled operation is acknowledged");
    bool create = snapshot->operation == OPERATION_CREATE;
    assert((!create || (!snapshot->has_user_id && columns->user_id.len > 0)) &&
           "a create gives the first user_id");
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_ACKNOWLEDGE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, result->id);
    if (create)
        ledger_sqlite_bind_text(statement, 2, columns->user_id);
    ledger_sqlite_bind_number_or_null(statement, 3, columns->http_status);
    ledger_sqlite_bind_text(statement, 4, columns->code);
    ledger_sqlite_bind_text(statement, 5, columns->message);
    ledger_sqlite_bind_text(statement, 6, columns->request_id);
    ledger_sqlite_bind_number(statement, 7, attempts_of(result, snapshot));
    ledger_sqlite_bind_number_or_null(statement, 8, ledger->run);
    ledger_sqlite_bind_number(statement, 9, (int64_t)result->at_ns);
    ledger_sqlite_bind_text(statement, 10, columns->kept);
    return ledger_sqlite_write_unless_taken(ledger, statement, error);
}

/* An update with an unknown outcome: it may have been executed, which a refusal of its repeat does not undo.
 */
static bool may_have_landed(const struct ledger_result *result, const struct ledger_snapshot *snapshot)
{
    return snapshot->operation == OPERATION_UPDATE &&
           (result->conclusion == LEDGER_RESULT_IN_DOUBT ||
            (result->conclusion == LEDGER_RESULT_OPEN && result->outcome &&
             result->outcome->kind == OUTCOME_IN_DOUBT));
}

/* The columns after a conclusion other than an acknowledgement. */
struct end {
    enum ledger_state state;
    bool refused, open;
};

static int conclude(struct ledger *ledger, const struct ledger_result *result,
                    const struct ledger_snapshot *snapshot, const struct outcome_columns *columns,
                    struct end end, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_CONCLUDE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, result->id);
    ledger_sqlite_bind_text(statement, 2, slice_from(ledger_state_word(end.state)));
    ledger_sqlite_bind_number(statement, 3, snapshot->refusals + (end.refused ? 1 : 0));
    ledger_sqlite_bind_number(statement, 4, end.open);
    ledger_sqlite_bind_number(statement, 5, columns->any);
    ledger_sqlite_bind_number_or_null(statement, 6, columns->http_status);
    ledger_sqlite_bind_text(statement, 7, columns->code);
    ledger_sqlite_bind_text(statement, 8, columns->message);
    ledger_sqlite_bind_text(statement, 9, columns->request_id);
    ledger_sqlite_bind_number(statement, 10, attempts_of(result, snapshot));
    ledger_sqlite_bind_number_or_null(statement, 11, ledger->run);
    ledger_sqlite_bind_number(statement, 12, (int64_t)result->at_ns);
    return ledger_sqlite_write(ledger, statement, error);
}

static int write_by_id(struct ledger *ledger, enum ledger_statement which, int64_t id, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, which, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, id);
    return ledger_sqlite_write(ledger, statement, error);
}

int ledger_forget_refusal(struct ledger *ledger, int64_t id, struct error *error)
{
    return write_by_id(ledger, LEDGER_SQL_FORGET, id, error);
}

/* Trust "nothing was sent" only if the row agrees: anything that may have been sent earlier stays in doubt.
 * Only a customer that is new in this run and was never sent has no events, and may be deleted: the chain
 * needs the key of every other. */
static int abandon(struct ledger *ledger, const struct ledger_result *result,
                   const struct ledger_snapshot *snapshot, const struct outcome_columns *columns,
                   struct error *error)
{
    static const struct outcome_columns nothing = {.any = false};
    struct end end = {.state = snapshot->state, .open = false};
    if (snapshot->operation == OPERATION_CREATE) {
        bool is_new =
            snapshot->first_run == ledger->run && snapshot->attempts == 0 && snapshot->refusals == 0;
        end.open = snapshot->state == LEDGER_IN_DOUBT;
        if (snapshot->state == LEDGER_JOURNALLED && is_new && !result->event)
            return write_by_id(ledger, LEDGER_SQL_DELETE, result->id, error);
        if (snapshot->state == LEDGER_JOURNALLED)
            end.state = LEDGER_REFUSED;
    } else {
        end.open = snapshot->attempts > 0;
    }
    /* The columns of the last attempt belong to one that was sent. */
    if (conclude(ledger, result, snapshot, result->event ? columns : &nothing, end, error))
        return -1;
    return end.open ? 0 : ledger_forget_refusal(ledger, result->id, error);
}

/* An update of which the provider left members out. 0, or -1. */
static int acknowledge_partly(struct ledger *ledger, const struct ledger_result *result,
                              const struct ledger_snapshot *snapshot, struct outcome_columns *columns,
                              struct error *error)
{
    struct left_out left_out = {.len = 0};
    assert(snapshot->operation == OPERATION_UPDATE && "only an update leaves members out");
    columns->code = SLICE_LITERAL(LEDGER_LEFT_OUT);
    if (read_left_out(ledger, result, &left_out, error))
        return -1;
    int code = acknowledge(ledger, result, snapshot, columns, error);
    assert(code != 1 && "an update sets no user_id");
    if (code == 0)
        code = write_left_out(ledger, result->id, &left_out, error);
    free(left_out.known);
    free(left_out.left_out);
    return code;
}

static int write_customer(struct ledger *ledger, const struct ledger_result *result,
                          const struct ledger_snapshot *snapshot, struct outcome_columns *columns,
                          bool *taken, struct error *error)
{
    bool create = snapshot->operation == OPERATION_CREATE;
    struct end end = {.state = snapshot->state, .open = true};
    if (may_have_landed(result, snapshot) && ledger_mark_members_unknown(ledger, result->id, error))
        return -1;
    switch (result->conclusion) {
    case LEDGER_RESULT_OPEN:
        if (create && result->outcome && result->outcome->kind == OUTCOME_IN_DOUBT)
            end.state = LEDGER_IN_DOUBT;
        break;
    case LEDGER_RESULT_REFUSED: /* without an event: not built, so not refused by the provider */
        end = (struct end){.state = create ? LEDGER_REFUSED : snapshot->state,
                           .refused = create && result->event,
                           .open = false};
        break;
    case LEDGER_RESULT_IN_DOUBT:
        end.state = create ? LEDGER_IN_DOUBT : snapshot->state;
        break;
    case LEDGER_RESULT_ABANDONED:
        return abandon(ledger, result, snapshot, columns, error);
    case LEDGER_RESULT_ACKNOWLEDGED: {
        if (result->left_out)
            return acknowledge_partly(ledger, result, snapshot, columns, error);
        int code = acknowledge(ledger, result, snapshot, columns, error);
        if (code != 1)
            return code;
        *taken = true;
        columns->outcome = slice_from(outcome_word(OUTCOME_IN_DOUBT));
        columns->code = SLICE_LITERAL(CODE_TAKEN);
        columns->message =
            SLICE_LITERAL("the provider returned a user_id that another customer of this ledger already has");
        end.state = LEDGER_IN_DOUBT;
        break;
    }
    }
    return conclude(ledger, result, snapshot, columns, end, error);
}

int ledger_result(struct ledger *ledger, const struct ledger_result *result, bool *taken, struct error *error)
{
    assert(result->id > 0 && (!result->event || result->outcome));
    *taken = false;
    struct ledger_snapshot snapshot;
    if (ledger_snapshot_read(ledger, result->id, slice_make(NULL, 0), &snapshot, error))
        return -1;
    bool asks = result->operation != OPERATION_CREATE && result->operation != OPERATION_UPDATE;
    assert(snapshot.open &&
           (asks ? snapshot.operation == OPERATION_CREATE : snapshot.operation == result->operation) &&
           "a result is that of the journalled operation, or of a look-up that resolves it");
    (void)asks;
    struct outcome_columns columns = read_outcome_columns(result->outcome);
    if (write_customer(ledger, result, &snapshot, &columns, taken, error))
        return -1;
    if (!result->event)
        return 0;
    struct ledger_event event = {
        .run = ledger->run,
        .customer_id = result->id,
        .row = (int64_t)result->row,
        .operation = slice_from(operation_word(result->operation)),
        .outcome = columns.outcome,
        .user_id = columns.user_id,
        .digest =
            slice_make((const char *)snapshot.pending_digest, snapshot.has_pending ? FINGERPRINT_LEN : 0),
        .http_status = columns.http_status,
        .code = columns.code,
        .request_id = columns.request_id,
        .attempt = result->attempt,
        .latency_ms = result->latency_ms,
        .at_ns = (int64_t)result->at_ns,
    };
    memcpy(event.customer, snapshot.customer, sizeof event.customer);
    return ledger_event_append(ledger, &event, error);
}
