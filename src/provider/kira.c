#include "provider/kira.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/ascii.h"
#include "core/clock.h"
#include "core/memory.h"
#include "core/text.h"
#include "provider/credentials.h"
#include "provider/fields.h"
#include "provider/kira_payload.h"
#include "provider/outcome_table.h"
#include "provider/remote_user.h"
#include "provider/request_target.h"
#include "provider/version_header.h"

enum {
    TOKEN_SECONDS = 3600,
    TOKEN_SECONDS_MAX = 366 * 86400
}; /* documented, where a reply does not state it */

struct kira_account {
    struct secret api_key, token;
};

static const struct version_header version = {"X-Api-Version", "2026-04-14"};

static int kira_check_job(const struct job *job, bool with_secrets, struct error *error)
{
    static const char *const names[] = {"api_key", "client_id", "password", NULL};
    if (version_header_check_job(&version, job, error) != 0)
        return -1;
    return credentials_check_single(job, with_secrets, names, "api_key, client_id and password", error);
}

static struct provider_account *kira_account_new(const struct job_credentials *credentials)
{
    struct kira_account *account = memory_new(1, sizeof *account);
    account->api_key.data = memory_copy(secret_slice(&credentials->api_key));
    account->api_key.len = credentials->api_key.len;
    return (struct provider_account *)account;
}

static void kira_account_free(struct provider_account *opaque)
{
    struct kira_account *account = (struct kira_account *)opaque;
    if (!account)
        return;
    secret_clear(&account->api_key);
    secret_clear(&account->token);
    free(account);
}

static void build_login(const struct provider_call *call, struct provider_request *request)
{
    assert(call->job->provider.credential_count > 0);
    const struct job_credentials *credentials = call->job->provider.credentials;
    struct json_writer writer;
    request_target_begin(call, "POST", "/auth", request);
    json_write_begin(&writer, &request->body);
    json_write_object(&writer);
    json_write_key(&writer, "client_id");
    json_write_string(&writer, secret_slice(&credentials->client_id));
    json_write_key(&writer, "password");
    json_write_string(&writer, secret_slice(&credentials->password));
    json_write_object_end(&writer);
}

static void build_look_up(const struct provider_call *call, struct provider_request *request)
{
    char page[48];
    request_target_begin(call, "GET", "/v1/users?email=", request);
    struct slice email = call->record->values[FIELD_EMAIL].text;
    for (size_t i = 0; i < email.len; i++) {
        char byte = call->lower_email ? ascii_lower(email.data[i]) : email.data[i];
        request_target_add_encoded(request, slice_make(&byte, 1));
    }
    snprintf(page, sizeof page, "&limit=100&offset=%" PRIu32, call->offset);
    request_target_add(request, page);
}

static const char *kira_build(const struct provider_call *call, struct provider_request *request)
{
    switch (call->operation) {
    case OPERATION_CREATE:
        request_target_begin(call, "POST", "/v1/users", request);
        return kira_payload_write(call, &request->body);
    case OPERATION_UPDATE:
        request_target_begin(call, "PUT", "/v1/users/", request);
        request_target_add_encoded(request, slice_from(call->user_id));
        return kira_payload_write(call, &request->body);
    case OPERATION_FETCH:
        request_target_begin(call, "GET", "/v1/users/", request);
        request_target_add_encoded(request, slice_from(call->user_id));
        return NULL;
    case OPERATION_LOOK_UP:
        build_look_up(call, request);
        return NULL;
    case OPERATION_LOGIN:
        build_login(call, request);
        return NULL;
    case OPERATION_LIST:
        break;
    }
    assert(false && "a request that the provider has");
    return "the provider has no such request";
}

static void kira_authenticate(struct provider_account *opaque, uint64_t nonce,
                              const struct provider_call *call, const struct provider_request *request,
                              struct provider_headers *headers)
{
    const struct kira_account *account = (struct kira_account *)opaque;
    (void)nonce;
    if (request->body.len > 0)
        provider_headers_add(headers, "Content-Type", "application/json");
    version_header_add(&version, call->job, headers);
    provider_headers_add(headers, "x-api-key", account->api_key.data);
    if (call->operation != OPERATION_LOGIN && account->token.len > 0)
        credentials_add_bearer(&account->token, headers);
    if (call->operation == OPERATION_CREATE && call->idempotency_key)
        provider_headers_add(headers, "Idempotency-Key", call->idempotency_key);
}

static uint64_t seconds_of(struct slice text)
{
    uint64_t seconds = 0;
    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        if (seconds < TOKEN_SECONDS_MAX)
            seconds = seconds * 10 + (uint64_t)(text.data[i] - '0');
    if (seconds == 0)
        return TOKEN_SECONDS;
    return seconds < TOKEN_SECONDS_MAX ? seconds : TOKEN_SECONDS_MAX;
}

static uint64_t kira_read_token(struct provider_account *opaque, struct slice text)
{
    struct kira_account *account = (struct kira_account *)opaque;
    struct reply_body body;
    uint64_t seconds = 0;
    reply_body_read(&body, text);
    struct slice token = reply_body_value(&body, "data.access_token");
    if (credentials_fit_header(token, PROVIDER_TOKEN_MAX)) {
        secret_clear(&account->token);
        account->token = (struct secret){.data = memory_copy(token), .len = token.len};
        seconds = seconds_of(reply_body_value(&body, "data.expires_in"));
    }
    reply_body_clear(&body);
    return seconds;
}

static bool kira_read_user(const struct json_node *nodes, size_t index, const struct job *job,
                           struct arena *arena, struct provider_user *user)
{
    (void)job;
    if (!remote_user_begin(nodes, &index, arena, user))
        return false;
    struct slice external_id = remote_user_external_id(nodes, index);
    if (external_id.len > 0)
        user->external_id = arena_copy(arena, external_id);
    remote_user_read_email(nodes, index, "email", arena, &user->values[FIELD_EMAIL]);
    remote_user_read_text(nodes, index, "first_name", arena, &user->values[FIELD_FIRST_NAME]);
    remote_user_read_text(nodes, index, "last_name", arena, &user->values[FIELD_LAST_NAME]);
    remote_user_read_date(nodes, index, "birth_date", false, arena, &user->values[FIELD_DATE_OF_BIRTH]);
    return true;
}

static bool kira_read_success(const struct reply_body *body, enum operation operation, struct slice *user_id)
{
    if (operation == OPERATION_UPDATE && body->nodes && json_member(body->nodes, 0, "updated_fields") != 0)
        return true;
    *user_id = reply_body_value(body, "id");
    return user_id->len > 0;
}

static struct slice kira_read_existing(const struct reply_body *body)
{
    static const char *const paths[] = {"user_id", "data.user_id", "error.user_id", NULL};
    return reply_body_first(body, paths, 1, SIZE_MAX);
}

/* A reply has one object for the address, whose members it may name by a path of their own, where a request
 * has flat members (`residential_address` of the provider's page of POST /v1/users). */
static uint64_t kira_find_renamed(struct slice name)
{
    static const struct {
        const char *name;
        uint64_t members;
    } renamed[] = {
        {"residential_address", FIELDS_BIT(KIRA_ADDRESS_STREET) | FIELDS_BIT(KIRA_ADDRESS_STREET_2) |
                                    FIELDS_BIT(KIRA_ADDRESS_CITY) | FIELDS_BIT(KIRA_ADDRESS_STATE) |
                                    FIELDS_BIT(KIRA_ADDRESS_ZIP_CODE) | FIELDS_BIT(KIRA_ADDRESS_COUNTRY)},
        {"residential_address.street_line_1", FIELDS_BIT(KIRA_ADDRESS_STREET)},
        {"residential_address.street_line_2", FIELDS_BIT(KIRA_ADDRESS_STREET_2)},
        {"residential_address.city", FIELDS_BIT(KIRA_ADDRESS_CITY)},
        {"residential_address.subdivision", FIELDS_BIT(KIRA_ADDRESS_STATE)},
        {"residential_address.postal_code", FIELDS_BIT(KIRA_ADDRESS_ZIP_CODE)},
        {"residential_address.country", FIELDS_BIT(KIRA_ADDRESS_COUNTRY)},
    };
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (slice_is(name, renamed[i].name))
            return renamed[i].members;
    return 0;
}

static const char *const exists_codes[] = {"idempotency_key_reused", "IDEMPOTENCY_CONFLICT",
                                           "resource_conflict", NULL};

static const struct outcome_row own_rows[] = {
    {401, 401, OUTCOME_FACT_BROKEN, OUTCOME_FACT_LOGIN, OUTCOME_STOP, RETRY_AUTH,
     "the provider refuses the token of a login that it has just accepted; check provider.credentials and this machine's clock",
     false},
    {401, 401, 0, OUTCOME_FACT_LOGIN, OUTCOME_BAD_TOKEN, RETRY_AUTH, NULL, false},
    {403, 403, OUTCOME_FACT_UPDATE | OUTCOME_FACT_PROVEN, OUTCOME_FACT_GATEWAY, OUTCOME_REFUSED, 0, NULL,
     true},
    {409, 409, OUTCOME_FACT_EXISTS | OUTCOME_FACT_DOUBT, OUTCOME_FACT_UPDATE | OUTCOME_FACT_QUESTION,
     OUTCOME_EXISTS, 0, NULL, false},
    {409, 409, 0, OUTCOME_FACT_LOGIN, OUTCOME_REFUSED, 0, NULL, false},
};

static const struct outcome_table outcomes = {
    .rows = own_rows,
    .row_count = sizeof own_rows / sizeof *own_rows,
    .exists_codes = exists_codes,
    .fields = &kira_fields,
    .read_success = kira_read_success,
    .find_renamed = kira_find_renamed,
    .updated_member = "updated_fields",
    .read_existing = kira_read_existing,
};

static void kira_classify(const struct provider_reply *reply, const struct record *record,
                          struct outcome *outcome)
{
    outcome_table_classify(&outcomes, reply, record, outcome);
}

static const struct provider_word verification_words[] = {
    {"verification_status", "unverified", VERIFICATION_PENDING, false},
    {"verification_status", "started", VERIFICATION_PENDING, false},
    {"verification_status", "in_review", VERIFICATION_PENDING, false},
    {"verification_status", "needs_action", VERIFICATION_ACTION_NEEDED, false},
    {"verification_status", "verified", VERIFICATION_VERIFIED, false},
    {"verification_status", "rejected", VERIFICATION_REJECTED, false},
    {"status", "REJECTED", VERIFICATION_REJECTED, true},
    {0},
};

const struct provider kira_provider = {
    .name = "kira",
    .base_url = "https://api.balampay.com",
    .credentials = "{api_key: env:KIRA_API_KEY, client_id: env:KIRA_CLIENT_ID, password: env:KIRA_PASSWORD}",
    .rate = {.count = 10, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 2,
    .has_login = true,
    .can_update = true,
    .recovery = PROVIDER_RECOVERY_LOOK_UP,
    .update_members = (FIELDS_BIT(KIRA_COUNT) - 1) & ~(FIELDS_BIT(KIRA_TYPE) | FIELDS_BIT(KIRA_EXTERNAL_ID)),
    .fields = &kira_fields,
    .verification_words = verification_words,
    .check_job = kira_check_job,
    .account_new = kira_account_new,
    .account_free = kira_account_free,
    .build = kira_build,
    .authenticate = kira_authenticate,
    .read_token = kira_read_token,
    .find_users = remote_user_find_list,
    .read_user = kira_read_user,
    .classify = kira_classify,
};
