#include "provider/outcome_table.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "model/verdict.h"
#include "provider/remote_user.h"
#include "provider/scrub.h"
#include "provider/success.h"
#include "provider/user_id.h"

/* Of a 3xx: also a proxy's or a gateway's in front of the provider. */
#define REDIRECTS                                                                                            \
    "the base URL is wrong: the provider redirects, which is never followed; check provider.base_url"

enum {
    STATUS_MIN = INT_MIN,
    STATUS_MAX = INT_MAX,
    HTTP_CONFLICT = 409,
    WARNINGS_MAX = 64 * 1024,
    VERIFICATION_BYTES = 1024
};

/* The order matters: what was not sent or not answered has no status worth reading, and a single status comes
 * before its class. A 401 and the gateway's own 403 concern the credentials, never a record: no row makes a
 * refusal of them, and a provider's own rows must not either. */
static const struct outcome_row general_rows[] = {
    {STATUS_MIN, STATUS_MAX, 0, OUTCOME_FACT_SENT, OUTCOME_NOT_SENT, OUTCOME_CAUSE_OF_TRANSPORT, NULL, false},
    {STATUS_MIN, STATUS_MAX, OUTCOME_FACT_QUESTION, OUTCOME_FACT_COMPLETE, OUTCOME_NOT_SENT,
     OUTCOME_CAUSE_OF_TRANSPORT, NULL, false},
    {STATUS_MIN, STATUS_MAX, 0, OUTCOME_FACT_COMPLETE, OUTCOME_IN_DOUBT, OUTCOME_CAUSE_OF_TRANSPORT, NULL,
     false},
    {200, 299, OUTCOME_FACT_SUCCESS, 0, OUTCOME_DONE, 0, NULL, false},
    {200, 299, OUTCOME_FACT_QUESTION, 0, OUTCOME_NOT_SENT, RETRY_5XX, NULL, false},
    {200, 299, 0, 0, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, false},
    {300, 399, OUTCOME_FACT_QUESTION, 0, OUTCOME_STOP, 0, REDIRECTS, false},
    {300, 399, 0, 0, OUTCOME_IN_DOUBT, RETRY_5XX, REDIRECTS, false}, /* a 303 may follow the work */
    {408, 408, OUTCOME_FACT_QUESTION, 0, OUTCOME_NOT_SENT, RETRY_TIMEOUT, NULL, false},
    {408, 408, 0, 0, OUTCOME_IN_DOUBT, RETRY_TIMEOUT, NULL, false},
    {429, 429, 0, 0, OUTCOME_THROTTLED, RETRY_429, NULL, false},
    {403, 403, OUTCOME_FACT_GATEWAY, 0, OUTCOME_STOP, RETRY_AUTH,
     "the provider's gateway forbids this; check provider.credentials and provider.base_url", false},
    {404, 404, OUTCOME_FACT_LOGIN, 0, OUTCOME_STOP, RETRY_AUTH,
     "the provider has no login at this address; check provider.base_url", false},
    {400, 499, OUTCOME_FACT_LOGIN, 0, OUTCOME_STOP, RETRY_AUTH,
     "the provider refuses the login; check provider.credentials and provider.base_url", false},
    {401, 401, 0, 0, OUTCOME_STOP, RETRY_AUTH,
     "the provider does not know these credentials; check provider.credentials and provider.base_url", false},
    {403, 403, OUTCOME_FACT_PROVEN, 0, OUTCOME_REFUSED, 0, NULL, false},
    {403, 403, 0, 0, OUTCOME_STOP, RETRY_AUTH,
     "the provider forbids this; check the key's permissions and the addresses it may be used from", false},
    {409, 409, 0, OUTCOME_FACT_QUESTION | OUTCOME_FACT_UPDATE | OUTCOME_FACT_TASK, OUTCOME_EXISTS, 0, NULL,
     false},
    {400, 499, 0, 0, OUTCOME_REFUSED, 0, NULL, false},
    {STATUS_MIN, STATUS_MAX, OUTCOME_FACT_QUESTION, 0, OUTCOME_NOT_SENT, RETRY_5XX, NULL, false},
    {STATUS_MIN, STATUS_MAX, 0, 0, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, false},
};

const struct outcome_row outcome_table_signed_rows[OUTCOME_SIGNED_ROWS] = {
    {401, 401, OUTCOME_FACT_NONCE, 0, OUTCOME_BAD_NONCE, RETRY_NONCE, NULL, false},
};

static const struct outcome_row *find_row(const struct outcome_row *rows, size_t count, int status,
                                          unsigned facts)
{
    for (size_t i = 0; i < count; i++)
        if (status >= rows[i].from && status <= rows[i].to && (facts & rows[i].require) == rows[i].require &&
            (facts & rows[i].exclude) == 0)
            return &rows[i];
    return NULL;
}

/* Rows of a provider apply to a complete reply only. */
static const struct outcome_row *decide(const struct provider *provider, int status, unsigned facts)
{
    const struct outcome_row *row = NULL;
    if (facts & OUTCOME_FACT_SENT && facts & OUTCOME_FACT_COMPLETE)
        row = find_row(provider->outcomes->rows, provider->outcomes->row_count, status, facts);
    if (!row)
        row = find_row(general_rows, sizeof general_rows / sizeof *general_rows, status, facts);
    assert(row);
    return row;
}

/* Copies characters that a header or an id may have: visible ASCII and blanks. False when it does not fit or
 * holds more. */
static bool copy_plain(struct slice text, char *out, size_t size)
{
    out[0] = '\0';
    if (text.len >= size)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return false;
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

/* A create or update, whose reply is about the record that was sent. */
static bool has_member_reply(enum operation operation)
{
    return operation == OPERATION_CREATE || operation == OPERATION_UPDATE;
}

/* Whether a reply to a LINK names another customer. */
static bool is_link_of_another(const struct provider *provider, const struct provider_reply *reply,
                               const struct reply_body *body)
{
    const char *const members[] = {provider->outcomes->link_user, "user.id", "data.user.id"};
    struct slice id, key;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct slice user = members[i] ? reply_body_value(body, members[i]) : slice_make("", 0);
        if (user.len > 0 && !slice_is(user, reply->user_id))
            return true;
    }
    if (!body->nodes || !reply->external_id)
        return false;
    (void)remote_user_identity(provider->fields, body->nodes, &id, &key);
    return key.len > 0 && !slice_is(key, reply->external_id) &&
           !(reply->former_key && slice_is(key, reply->former_key));
}

/* The link of a reply to a LINK. False when it has none, or one that is for another user. */
static bool read_link(const struct provider *provider, const struct provider_reply *reply,
                      const struct reply_body *body, struct outcome *outcome)
{
    const struct outcome_table *table = provider->outcomes;
    if (!table->link_paths)
        return false;
    struct slice link = reply_body_first(body, table->link_paths, 1, OUTCOME_LINK_SIZE - 1);
    if (is_link_of_another(provider, reply, body))
        return false;
    return success_is_link(link) && copy_plain(link, outcome->link, sizeof outcome->link);
}

static bool is_success(const struct provider *provider, const struct provider_reply *reply,
                       const struct reply_body *body, struct outcome *outcome)
{
    struct slice user_id = slice_make("", 0);
    if (body->has_error)
        return false;
    if (operation_is_question(reply->operation))
        return body->nodes && body->nodes[0].kind >= JSON_ARRAY;
    if (reply->operation == OPERATION_LINK)
        return read_link(provider, reply, body, outcome);
    if (!provider->outcomes->read_success(body, reply->operation, &user_id))
        return false;
    if (reply->operation != OPERATION_CREATE)
        return true;
    return user_id_is_valid(user_id) && copy_plain(user_id, outcome->user_id, sizeof outcome->user_id);
}

/* Whether the reply to a create or update is about another customer: then it is never a success. Checked for
 * a 2xx alone, since errors use members of the same names ({"email": "is taken"}). */
static bool is_of_another(const struct provider *provider, const struct provider_reply *reply,
                          const struct reply_body *body, const struct record *record)
{
    bool is_update = reply->operation == OPERATION_UPDATE;
    if (!has_member_reply(reply->operation) || !record || !body->nodes || reply->http_status / 100 != 2)
        return false;
    const struct provider_field *email = provider_fields_find(provider->fields, FIELD_EMAIL);
    const struct remote_user_expected expected = {
        .fields = provider->fields,
        .record = record,
        .user_id = is_update ? reply->user_id : NULL,
        .former_key = is_update ? reply->former_key : NULL,
        .has_email = !is_update || (reply->members >> email->slot & 1),
    };
    return remote_user_is_other(body->nodes, &expected);
}

/* What an outcome must not quote. */
struct redaction {
    const struct record *record;
    struct scrub_secrets secrets;
    bool names_nobody; /* the text is about no customer */
};

static struct redaction redaction_of(const struct provider *provider, const struct provider_reply *reply,
                                     const struct record *record)
{
    struct redaction redaction = {.record = record,
                                  .names_nobody = reply->operation == OPERATION_LOGIN,
                                  .secrets = {.token = reply->token, .fields = provider->fields}};
    if (reply->job) {
        redaction.secrets.credentials = reply->job->provider.credentials;
        redaction.secrets.count = reply->job->provider.credential_count;
    }
    return redaction;
}

/* A code is kept only when it would survive as a message: providers put strange things there. */
static void set_code(struct slice code, const struct redaction *redaction, struct outcome *outcome)
{
    char scrubbed[OUTCOME_QUOTE_SIZE];
    scrub_text(code, redaction->record, &redaction->secrets, scrubbed, sizeof scrubbed);
    if (!slice_is(code, scrubbed) || !copy_plain(code, outcome->code, sizeof outcome->code))
        outcome->code[0] = '\0';
}

/* Of a link there is no record to compare with: what looks like a number of the person is not kept either. */
static void set_request_id(const struct provider_reply *reply, const struct redaction *redaction,
                           struct outcome *outcome)
{
    char scrubbed[OUTCOME_QUOTE_SIZE];
    scrub_text(reply->request_id, redaction->record, &redaction->secrets, scrubbed, sizeof scrubbed);
    bool is_clean = reply->operation == OPERATION_LINK
                        ? slice_is(reply->request_id, scrubbed)
                        : scrub_is_clean(reply->request_id, redaction->record, &redaction->secrets);
    if (is_clean)
        copy_plain(reply->request_id, outcome->request_id, sizeof outcome->request_id);
}

/* existing: the id of the user that exists, for a person to look up; empty: none. It is left out where it is
 * personal data (an e-mail). */
static void set_message(const struct outcome_row *row, struct slice existing, struct slice said,
                        const struct redaction *redaction, struct outcome *outcome)
{
    size_t len = 0;
    if (existing.len > 0 && scrub_is_clean(existing, redaction->record, &redaction->secrets))
        len = text_format(outcome->message, sizeof outcome->message - OUTCOME_QUOTE_SIZE,
                          "the answer names user %.*s: ", (int)existing.len, existing.data);
    else if (row->hint) {
        const char *colon = said.len > 0 ? ": " : "";
        outcome->advice = row->hint;
        len = text_format(outcome->message, sizeof outcome->message - OUTCOME_QUOTE_SIZE, "%s (HTTP %d)%s",
                          row->hint, outcome->http_status, colon);
    }
    /* What stops a run is about its credentials. */
    bool is_plain = redaction->record || redaction->names_nobody || row->hint;
    (is_plain ? scrub_text : scrub_quote)(said, redaction->record, &redaction->secrets,
                                          outcome->message + len, OUTCOME_QUOTE_SIZE);
}

/* `timeout: Operation timed out after 30001 milliseconds`: the first word is the code. */
static void set_transport(const struct outcome_row *row, const struct provider_reply *reply,
                          const struct redaction *redaction, struct outcome *outcome)
{
    const char *transport = reply->transport ? reply->transport : "";
    struct redaction own = *redaction; /* libcurl's own text may name our host */
    own.secrets.host = reply->host;
    own.names_nobody = true;
    size_t len = strspn(transport, "abcdefghijklmnopqrstuvwxyz_");
    copy_plain(slice_make(transport, len), outcome->code, sizeof outcome->code);
    set_message(row, slice_make("", 0), slice_from(transport), &own, outcome);
}

static bool reports_existing(const struct provider *provider, const struct reply_body *body)
{
    for (const char *const *code = provider->outcomes->exists_codes; code && *code; code++)
        if (slice_is(body->code, *code) || reply_body_mentions(body, *code))
            return true;
    return false;
}

/* The user that a refused create names as existing already; empty: none. */
static struct slice existing_user(const struct provider *provider, const struct provider_reply *reply,
                                  const struct outcome_row *row, const struct reply_body *body)
{
    bool is_conflict =
        row->kind == OUTCOME_EXISTS || (row->kind == OUTCOME_REFUSED && reply->http_status == HTTP_CONFLICT);
    struct slice user_id = slice_make("", 0);
    if (is_conflict && reply->operation == OPERATION_CREATE)
        user_id = provider->outcomes->read_existing(body);
    return user_id_is_valid(user_id) ? user_id : slice_make("", 0);
}

static unsigned facts_of_reply(const struct provider_reply *reply)
{
    return (reply->sent ? OUTCOME_FACT_SENT : 0u) |
           (reply->sent && reply->complete ? OUTCOME_FACT_COMPLETE : 0u) |
           (reply->proven ? OUTCOME_FACT_PROVEN : 0u) | (reply->in_doubt ? OUTCOME_FACT_DOUBT : 0u) |
           (reply->login_broken ? OUTCOME_FACT_BROKEN : 0u) |
           (reply->operation == OPERATION_UPDATE ? OUTCOME_FACT_UPDATE : 0u) |
           (reply->operation == OPERATION_LOGIN ? OUTCOME_FACT_LOGIN : 0u) |
           (has_member_reply(reply->operation) || operation_is_question(reply->operation)
                ? 0u
                : OUTCOME_FACT_TASK) |
           (operation_is_question(reply->operation) ? OUTCOME_FACT_QUESTION : 0u);
}

/* Where a segment of the path is a member: the first customer field of it. */
static const char *find_field_path(const struct provider *provider, struct slice path)
{
    while (path.len > 0) {
        size_t len = 0;
        while (len < path.len && !strchr(".[]/", path.data[len]))
            len++;
        struct slice part = slice_make(path.data, len);
        path = slice_skip(path, len);
        const struct provider_field *row = provider_fields_named(provider->fields, part);
        if (row)
            return field_name(row->field);
        if (path.len > 0)
            path = slice_skip(path, 1);
    }
    return NULL;
}

static void set_verification(const struct provider *provider, const struct reply_body *body,
                             const struct redaction *redaction, struct outcome *outcome)
{
    struct provider_verification verification;
    struct arena arena;
    arena_init(&arena, VERIFICATION_BYTES);
    if (provider_read_verification(provider, body->nodes, 0, &arena, &verification)) {
        outcome->verification = verification.state;
        outcome->is_unknown_word = verification.is_unknown_word;
        provider_mask_verification(&verification, redaction->record, &redaction->secrets,
                                   outcome->verification_word, outcome->verification_reason);
    }
    arena_clear(&arena);
}

/* The code of a success with these warnings. A link error comes first: `links` reads it. */
static const char *code_of(uint64_t warned)
{
    if (warned & OUTCOME_WARNED_LINK)
        return RULE_LINK_ERROR;
    if (warned & OUTCOME_WARNED_REJECTED)
        return RULE_VERIFICATION_REJECTED;
    return warned & OUTCOME_WARNED_NOT_TRIGGERED ? RULE_VERIFICATION_NOT_TRIGGERED : OUTCOME_WARNING;
}

/* What the reply to a create says of the verification of the user. */
static uint64_t set_created(const struct provider *provider, const struct reply_body *body,
                            const struct record *record, struct outcome *outcome, struct buffer *text)
{
    uint64_t warned = 0;
    struct slice mode = slice_make("", 0);
    if (record && record->values[FIELD_VERIFICATION_MODE].state == VALUE_PRESENT)
        mode = record->values[FIELD_VERIFICATION_MODE].text;
    if (outcome->verification == VERIFICATION_REJECTED) {
        warned |= OUTCOME_WARNED_REJECTED;
        reply_body_add_text(text, slice_make("", 0), slice_from(outcome->verification_word));
        reply_body_add_text(text, slice_make("", 0), slice_from(outcome->verification_reason));
    }
    copy_plain(success_link(provider, body), outcome->link, sizeof outcome->link);
    return warned | success_unverified(provider, body, mode, text);
}

/* What the reply to a create or update says of its success: warnings, the members that an update left out,
 * the verification. */
static void set_verdict(const struct provider *provider, const struct provider_reply *reply,
                        const struct reply_body *body, const struct redaction *redaction,
                        struct outcome *outcome)
{
    struct buffer text;
    buffer_init_wiped(&text, WARNINGS_MAX);
    set_verification(provider, body, redaction, outcome);
    if (reply->operation == OPERATION_UPDATE)
        outcome->left_out = success_left_out(provider, body, reply->members);
    else
        outcome->warned = set_created(provider, body, redaction->record, outcome, &text);
    outcome->warned |= success_warned(provider, body, &text);
    if (outcome->warned) {
        snprintf(outcome->code, sizeof outcome->code, "%s", code_of(outcome->warned));
        scrub_text(buffer_slice(&text), redaction->record, &redaction->secrets, outcome->message,
                   OUTCOME_QUOTE_SIZE);
    }
    buffer_clear(&text);
}

/* The text is about another customer: nothing of it is kept. */
static void set_other(struct outcome *outcome)
{
    snprintf(outcome->code, sizeof outcome->code, "other_customer");
    snprintf(outcome->message, sizeof outcome->message, "the answer names another customer than the request");
}

static void classify_answer(const struct provider *provider, const struct provider_reply *reply,
                            const struct redaction *redaction, struct outcome *outcome)
{
    struct reply_body body;
    reply_body_read(&body, reply->body);
    unsigned facts = facts_of_reply(reply);
    bool is_other = is_of_another(provider, reply, &body, redaction->record);
    if (!is_other && is_success(provider, reply, &body, outcome))
        facts |= OUTCOME_FACT_SUCCESS;
    if (reply_body_mentions(&body, "invalid nonce"))
        facts |= OUTCOME_FACT_NONCE;
    if (reports_existing(provider, &body))
        facts |= OUTCOME_FACT_EXISTS;
    if (reply->error_type.len > 0 || reply_body_is_message(&body, "Forbidden"))
        facts |= OUTCOME_FACT_GATEWAY;

    const struct outcome_row *row = decide(provider, reply->http_status, facts);
    outcome->own_error = reply_body_names_error(&body) && reply->error_type.len == 0;
    outcome->kind = row->kind;
    outcome->cause = (enum retry_cause)row->cause;
    outcome->stops = row->kind == OUTCOME_IN_DOUBT && row->hint;
    struct slice existing = existing_user(provider, reply, row, &body);
    if (is_other) {
        set_other(outcome);
    } else if (row->kind != OUTCOME_DONE) {
        outcome->user_id[0] = '\0';
        set_code(body.code, redaction, outcome);
        set_message(row, existing, buffer_slice(&body.text), redaction, outcome);
    }
    if (row->kind == OUTCOME_DONE && has_member_reply(reply->operation))
        set_verdict(provider, reply, &body, redaction, outcome);
    if (row->kind == OUTCOME_EXISTS)
        copy_plain(existing, outcome->user_id, sizeof outcome->user_id);
    if (row->kind == OUTCOME_REFUSED) {
        outcome->field = find_field_path(provider, reply_body_field_path(&body));
        outcome->no_update = row->no_update;
    }
    reply_body_clear(&body);
}

void outcome_table_classify(const struct provider *provider, const struct provider_reply *reply,
                            const struct record *record, struct outcome *outcome)
{
    *outcome = (struct outcome){.retry_after_ns = reply->retry_after_ns};
    const struct redaction redaction = redaction_of(provider, reply, record);
    set_request_id(reply, &redaction, outcome);
    if (reply->sent && reply->complete) {
        outcome->http_status = reply->http_status;
        classify_answer(provider, reply, &redaction, outcome);
        return;
    }
    const struct outcome_row *row = decide(provider, 0, facts_of_reply(reply));
    assert(row->cause == OUTCOME_CAUSE_OF_TRANSPORT);
    outcome->kind = row->kind;
    outcome->cause = reply->cause;
    set_transport(row, reply, &redaction, outcome);
}
