#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "ledger/ledger_sqlite.h"

#define CODE_TAKEN "user_id_taken"

/* What of an outcome goes into customer and event; all empty without one. */
struct told {
    bool any;
    int64_t http_status;
    struct slice outcome, user_id, code, message, request_id, kept;
};

static struct told told_of(const struct outcome *outcome)
{
    if (!outcome)
        return (struct told){.any = false};
    return (struct told){
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

static uint32_t attempts_of(const struct ledger_result *result, const struct ledger_now *now)
{
    return result->event && result->attempt > now->attempts ? result->attempt : now->attempts;
}

/* The member digests of an acknowledged update that the provider did not take as a whole. */
struct left_out {
    char *known;    /* what it has */
    char *left_out; /* what it left out */
    size_t len;
};

/* Read before the pending digests become those of what the provider has. 0, or -1. Owner: the caller frees
 * both. */
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

/* 0; 1 when another customer has the user_id already: nothing was written then, and the transaction stands;
 * -1. */
static int acknowledge(struct ledger *ledger, const struct ledger_result *result,
                       const struct ledger_now *now, const struct told *told, struct error *error)
{
    assert(now->open && now->has_pending && "what was not journalled is not acknowledged");
    bool create = now->operation == OPERATION_CREATE;
    assert((!create || (!now->has_user_id && told->user_id.len > 0)) && "a create gives the first user_id");
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_ACKNOWLEDGE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, result->id);
    if (create)
        ledger_sqlite_bind_text(statement, 2, told->user_id);
    ledger_sqlite_bind_number_or_null(statement, 3, told->http_status);
    ledger_sqlite_bind_text(statement, 4, told->code);
    ledger_sqlite_bind_text(statement, 5, told->message);
    ledger_sqlite_bind_text(statement, 6, told->request_id);
    ledger_sqlite_bind_number(statement, 7, attempts_of(result, now));
    ledger_sqlite_bind_number_or_null(statement, 8, ledger->run);
    ledger_sqlite_bind_number(statement, 9, (int64_t)result->at_ns);
    ledger_sqlite_bind_text(statement, 10, told->kept);
    return ledger_sqlite_write_unless_taken(ledger, statement, error);
}

/* An update whose outcome is not known: it may have landed, and a later no to its repeat does not undo it. */
static bool may_have_landed(const struct ledger_result *result, const struct ledger_now *now)
{
    return now->operation == OPERATION_UPDATE &&
           (result->conclusion == LEDGER_RESULT_IN_DOUBT ||
            (result->conclusion == LEDGER_RESULT_OPEN && result->outcome &&
             result->outcome->kind == OUTCOME_IN_DOUBT));
}

/* What a conclusion other than a yes makes of the customer. */
struct end {
    enum ledger_state state;
    bool refused, open;
};

static int conclude(struct ledger *ledger, const struct ledger_result *result, const struct ledger_now *now,
                    const struct told *told, struct end end, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_CONCLUDE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, result->id);
    ledger_sqlite_bind_text(statement, 2, slice_from(ledger_state_word(end.state)));
    ledger_sqlite_bind_number(statement, 3, now->refusals + (end.refused ? 1 : 0));
    ledger_sqlite_bind_number(statement, 4, end.open);
    ledger_sqlite_bind_number(statement, 5, told->any);
    ledger_sqlite_bind_number_or_null(statement, 6, told->http_status);
    ledger_sqlite_bind_text(statement, 7, told->code);
    ledger_sqlite_bind_text(statement, 8, told->message);
    ledger_sqlite_bind_text(statement, 9, told->request_id);
    ledger_sqlite_bind_number(statement, 10, attempts_of(result, now));
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

/* The claim that nothing left is believed only as far as the row bears it out: what may have left before
 * (an earlier run, an attempt without an answer) stays in doubt. Only who is new in this run and was never
 * tried has no events, and may go: the chain needs the key of everybody else. */
static int never_sent(struct ledger *ledger, const struct ledger_result *result, const struct ledger_now *now,
                      const struct told *told, struct error *error)
{
    static const struct told nothing = {.any = false};
    struct end end = {.state = now->state, .open = false};
    if (now->operation == OPERATION_CREATE) {
        bool is_new = now->first_run == ledger->run && now->attempts == 0 && now->refusals == 0;
        end.open = now->state == LEDGER_IN_DOUBT;
        if (now->state == LEDGER_JOURNALLED && is_new && !result->event)
            return write_by_id(ledger, LEDGER_SQL_DELETE, result->id, error);
        if (now->state == LEDGER_JOURNALLED)
            end.state = LEDGER_REFUSED;
    } else {
        end.open = now->attempts > 0;
    }
    /* The columns of the last attempt are of one that left. */
    if (conclude(ledger, result, now, result->event ? told : &nothing, end, error))
        return -1;
    return end.open ? 0 : ledger_forget_refusal(ledger, result->id, error);
}

/* An update of which the provider left members out. 0, or -1. */
static int acknowledge_partly(struct ledger *ledger, const struct ledger_result *result,
                              const struct ledger_now *now, struct told *told, struct error *error)
{
    struct left_out left_out = {.len = 0};
    assert(now->operation == OPERATION_UPDATE && "a create is taken whole");
    told->code = SLICE_LITERAL(LEDGER_LEFT_OUT);
    if (read_left_out(ledger, result, &left_out, error))
        return -1;
    int code = acknowledge(ledger, result, now, told, error);
    assert(code != 1 && "an update gives no user_id");
    if (code == 0)
        code = write_left_out(ledger, result->id, &left_out, error);
    free(left_out.known);
    free(left_out.left_out);
    return code;
}

static int write_customer(struct ledger *ledger, const struct ledger_result *result,
                          const struct ledger_now *now, struct told *told, bool *taken, struct error *error)
{
    bool create = now->operation == OPERATION_CREATE;
    struct end end = {.state = now->state, .open = true};
    if (may_have_landed(result, now) && ledger_mark_members_unknown(ledger, result->id, error))
        return -1;
    switch (result->conclusion) {
    case LEDGER_RESULT_OPEN:
        if (create && result->outcome && result->outcome->kind == OUTCOME_IN_DOUBT)
            end.state = LEDGER_IN_DOUBT;
        break;
    case LEDGER_RESULT_REFUSED: /* what could not be built was not refused by the provider */
        end = (struct end){
            .state = create ? LEDGER_REFUSED : now->state, .refused = create && result->event, .open = false};
        break;
    case LEDGER_RESULT_IN_DOUBT:
        end.state = create ? LEDGER_IN_DOUBT : now->state;
        break;
    case LEDGER_RESULT_ABANDONED:
        return never_sent(ledger, result, now, told, error);
    case LEDGER_RESULT_ACKNOWLEDGED: {
        if (result->left_out)
            return acknowledge_partly(ledger, result, now, told, error);
        int code = acknowledge(ledger, result, now, told, error);
        if (code != 1)
            return code;
        *taken = true;
        told->outcome = slice_from(outcome_word(OUTCOME_IN_DOUBT));
        told->code = SLICE_LITERAL(CODE_TAKEN);
        told->message =
            SLICE_LITERAL("the provider returned a user_id that another customer of this ledger already has");
        end.state = LEDGER_IN_DOUBT;
        break;
    }
    }
    return conclude(ledger, result, now, told, end, error);
}

int ledger_result(struct ledger *ledger, const struct ledger_result *result, bool *taken, struct error *error)
{
    assert(result->id > 0 && (!result->event || result->outcome));
    *taken = false;
    struct ledger_now now;
    if (ledger_now_read(ledger, result->id, slice_make(NULL, 0), &now, error))
        return -1;
    bool asks = result->operation != OPERATION_CREATE && result->operation != OPERATION_UPDATE;
    assert(now.open && (asks ? now.operation == OPERATION_CREATE : now.operation == result->operation) &&
           "a result is of what was journalled, or of a question that settles it");
    (void)asks;
    struct told told = told_of(result->outcome);
    if (write_customer(ledger, result, &now, &told, taken, error))
        return -1;
    if (!result->event)
        return 0;
    struct ledger_event event = {
        .run = ledger->run,
        .customer_id = result->id,
        .row = (int64_t)result->row,
        .operation = slice_from(operation_word(result->operation)),
        .outcome = told.outcome,
        .user_id = told.user_id,
        .digest = slice_make((const char *)now.pending_digest, now.has_pending ? FINGERPRINT_LEN : 0),
        .http_status = told.http_status,
        .code = told.code,
        .request_id = told.request_id,
        .attempt = result->attempt,
        .latency_ms = result->latency_ms,
        .at_ns = (int64_t)result->at_ns,
    };
    memcpy(event.customer, now.customer, sizeof event.customer);
    return ledger_event_append(ledger, &event, error);
}
