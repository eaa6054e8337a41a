#include "provider/outcome_table.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "provider/scrub.h"

enum { STATUS_MIN = INT_MIN, STATUS_MAX = INT_MAX };

/* The order matters: what was not sent or not answered has no status worth reading, and a named status stands
 * before its class. */
static const struct outcome_row general_rows[] = {
    {STATUS_MIN, STATUS_MAX, 0, OUTCOME_FACT_SENT, OUTCOME_NOT_SENT, OUTCOME_CAUSE_OF_TRANSPORT, NULL},
    {STATUS_MIN, STATUS_MAX, 0, OUTCOME_FACT_COMPLETE, OUTCOME_IN_DOUBT, OUTCOME_CAUSE_OF_TRANSPORT, NULL},
    {200, 299, OUTCOME_FACT_SUCCESS, 0, OUTCOME_DONE, 0, NULL},
    {200, 299, 0, 0, OUTCOME_IN_DOUBT, RETRY_5XX, NULL},
    {300, 399, 0, 0, OUTCOME_STOP, 0,
     "the base URL is wrong: the provider redirects, which is never followed; check provider.base_url"},
    {401, 401, 0, 0, OUTCOME_STOP, RETRY_AUTH,
     "the provider does not know these credentials; check provider.credentials and provider.base_url"},
    {403, 403, OUTCOME_FACT_PROVEN, 0, OUTCOME_REFUSED, 0, NULL},
    {403, 403, 0, 0, OUTCOME_STOP, RETRY_AUTH,
     "the provider forbids this; check the key's permissions and the addresses it may be used from"},
    {408, 408, 0, 0, OUTCOME_IN_DOUBT, RETRY_TIMEOUT, NULL},
    {409, 409, 0, 0, OUTCOME_EXISTS, 0, NULL},
    {429, 429, 0, 0, OUTCOME_THROTTLED, RETRY_429, NULL},
    {400, 499, 0, 0, OUTCOME_REFUSED, 0, NULL},
    {STATUS_MIN, STATUS_MAX, 0, 0, OUTCOME_IN_DOUBT, RETRY_5XX, NULL},
};

static const struct outcome_row *find_row(const struct outcome_row *rows, size_t count, int status,
                                          unsigned facts)
{
    for (size_t i = 0; i < count; i++)
        if (status >= rows[i].from && status <= rows[i].to && (facts & rows[i].must) == rows[i].must &&
            (facts & rows[i].mustnt) == 0)
            return &rows[i];
    return NULL;
}

/* A row about an answer cannot fit before the rows about its absence were asked, so these come first. */
static const struct outcome_row *decide(const struct outcome_table *table, int status, unsigned facts)
{
    const struct outcome_row *row = NULL;
    if (facts & OUTCOME_FACT_SENT && facts & OUTCOME_FACT_COMPLETE)
        row = find_row(table->rows, table->row_count, status, facts);
    if (row == NULL)
        row = find_row(general_rows, sizeof general_rows / sizeof *general_rows, status, facts);
    assert(row != NULL);
    return row;
}

/* Copies what may stand in a header or an id: visible ASCII and blanks. False when it does not fit or holds
 * more. */
static bool copy_plain(struct slice text, char *out, size_t size)
{
    out[0] = '\0';
    if (text.len >= size)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 0x20 || text.at[i] > 0x7e)
            return false;
    if (text.len > 0)
        memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return true;
}

static bool is_success(const struct outcome_table *table, const struct provider_reply *reply,
                       const struct answer *answer, struct outcome *outcome)
{
    struct slice user_id = slice_make("", 0);
    if (answer->has_error || !table->read_success(answer, reply->operation, &user_id))
        return false;
    if (reply->operation == OPERATION_UPDATE)
        return true;
    return user_id.len > 0 && copy_plain(user_id, outcome->user_id, sizeof outcome->user_id);
}

/* A code is kept only when it would survive as a message: providers put strange things there. */
static void set_code(struct slice code, const struct record *record, struct outcome *outcome)
{
    char scrubbed[OUTCOME_MESSAGE_SIZE];
    scrub_text(code, record, scrubbed, sizeof scrubbed);
    if (!slice_is(code, scrubbed) || !copy_plain(code, outcome->code, sizeof outcome->code))
        outcome->code[0] = '\0';
}

static void set_message(const struct outcome_row *row, struct slice said, const struct record *record,
                        struct outcome *outcome)
{
    size_t len = 0;
    if (row->advice != NULL) {
        const char *colon = said.len > 0 ? ": " : "";
        int written = snprintf(outcome->message, sizeof outcome->message, "%s (HTTP %d)%s", row->advice,
                               outcome->http_status, colon);
        len = (size_t)written < sizeof outcome->message ? (size_t)written : sizeof outcome->message - 1;
    }
    scrub_text(said, record, outcome->message + len, sizeof outcome->message - len);
}

/* `timeout: Operation timed out after 30001 milliseconds`: the first word is the code. */
static void set_transport(const struct outcome_row *row, const char *transport, const struct record *record,
                          struct outcome *outcome)
{
    if (transport == NULL)
        transport = "";
    size_t len = strspn(transport, "abcdefghijklmnopqrstuvwxyz_");
    copy_plain(slice_make(transport, len), outcome->code, sizeof outcome->code);
    set_message(row, slice_from(transport), record, outcome);
}

static void judge_answer(const struct outcome_table *table, const struct provider_reply *reply,
                         const struct record *record, struct outcome *outcome)
{
    struct answer answer;
    answer_read(&answer, reply->body);
    unsigned facts = OUTCOME_FACT_SENT | OUTCOME_FACT_COMPLETE;
    if (is_success(table, reply, &answer, outcome))
        facts |= OUTCOME_FACT_SUCCESS;
    if (answer_says(&answer, "invalid nonce"))
        facts |= OUTCOME_FACT_NONCE;
    if (reply->proven)
        facts |= OUTCOME_FACT_PROVEN;

    const struct outcome_row *row = decide(table, reply->http_status, facts);
    outcome->kind = row->kind;
    outcome->cause = (enum retry_cause)row->cause;
    if (row->kind != OUTCOME_DONE) {
        outcome->user_id[0] = '\0';
        set_code(answer.code, record, outcome);
        set_message(row, buffer_slice(&answer.text), record, outcome);
    }
    if (row->kind == OUTCOME_EXISTS)
        copy_plain(table->read_existing(&answer), outcome->user_id, sizeof outcome->user_id);
    answer_clear(&answer);
}

void outcome_table_judge(const struct outcome_table *table, const struct provider_reply *reply,
                         const struct record *record, struct outcome *outcome)
{
    *outcome = (struct outcome){.retry_after_ns = reply->retry_after_ns};
    copy_plain(reply->request_id, outcome->request_id, sizeof outcome->request_id);
    if (reply->sent && reply->complete) {
        outcome->http_status = reply->http_status;
        judge_answer(table, reply, record, outcome);
        return;
    }
    const struct outcome_row *row = decide(table, 0, reply->sent ? OUTCOME_FACT_SENT : 0);
    assert(row->cause == OUTCOME_CAUSE_OF_TRANSPORT);
    outcome->kind = row->kind;
    outcome->cause = reply->cause;
    set_transport(row, reply->transport, record, outcome);
}
