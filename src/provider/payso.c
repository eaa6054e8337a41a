#include "provider/payso.h"

#include <assert.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"
#include "provider/credentials.h"
#include "provider/fields.h"
#include "provider/outcome_table.h"
#include "provider/payload.h"
#include "provider/remote_user.h"
#include "provider/request_target.h"

struct payso_account {
    struct secret token;
};

static const struct payload_row rows[] = {
    {"first_name", NULL, FIELD_FIRST_NAME, PAYLOAD_TEXT},
    {"last_name", NULL, FIELD_LAST_NAME, PAYLOAD_TEXT},
    {"company_name", NULL, FIELD_COMPANY_NAME, PAYLOAD_TEXT},
    {"email", NULL, FIELD_EMAIL, PAYLOAD_TEXT},
    {"date_of_birth", NULL, FIELD_DATE_OF_BIRTH, PAYLOAD_DATE},
    {"address_line1", NULL, FIELD_ADDRESS_LINE1, PAYLOAD_TEXT},
    {"address_line2", NULL, FIELD_ADDRESS_LINE2, PAYLOAD_TEXT},
    {"city", NULL, FIELD_CITY, PAYLOAD_TEXT},
    {"state", NULL, FIELD_STATE, PAYLOAD_TEXT},
    {"postcode", NULL, FIELD_POSTAL_CODE, PAYLOAD_TEXT},
    {"country", NULL, FIELD_COUNTRY, PAYLOAD_TEXT},
    {"nationality", NULL, FIELD_NATIONALITIES, PAYLOAD_FIRST},
    {"phone", NULL, FIELD_PHONE, PAYLOAD_TEXT},
    {"ssn", NULL, FIELD_NATIONAL_ID, PAYLOAD_TEXT},
    {"source_of_funds", NULL, FIELD_SOURCE_OF_FUNDS, PAYLOAD_TEXT},
    {"business_activity", NULL, FIELD_BUSINESS_ACTIVITY, PAYLOAD_TEXT},
};

static const struct payload payload = {
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .fields = &payso_fields,
    .null_if_absent = true,
};

static int payso_check_job(const struct job *job, bool with_secrets, struct error *error)
{
    static const char *const names[] = {"token", NULL};
    return credentials_check_single(job, with_secrets, names, "token", error);
}

static struct provider_account *payso_account_new(const struct job_credentials *credentials)
{
    struct payso_account *account = memory_new(1, sizeof *account);
    account->token.data = memory_copy(secret_slice(&credentials->token));
    account->token.len = credentials->token.len;
    return (struct provider_account *)account;
}

static void payso_account_free(struct provider_account *opaque)
{
    struct payso_account *account = (struct payso_account *)opaque;
    if (!account)
        return;
    secret_clear(&account->token);
    free(account);
}

static void build_create(const struct provider_call *call, struct provider_request *request)
{
    const struct value *type = &call->record->values[FIELD_CUSTOMER_TYPE];
    struct json_writer writer;
    request_target_begin(call, "POST", "/users", request);
    json_write_begin(&writer, &request->body);
    json_write_object(&writer);
    json_write_key(&writer, "user");
    json_write_object(&writer);
    json_write_key(&writer, "beneficiary_type");
    json_write_string(&writer, type->state == VALUE_PRESENT ? type->text : SLICE_LITERAL("individual"));
    payload_write_members(&payload, call, &writer);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
}

static const char *payso_build(const struct provider_call *call, struct provider_request *request)
{
    switch (call->operation) {
    case OPERATION_CREATE:
        build_create(call, request);
        return NULL;
    case OPERATION_FETCH:
        request_target_begin(call, "GET", "/users/", request);
        request_target_add_encoded(request, slice_from(call->user_id));
        return NULL;
    case OPERATION_LIST:
        request_target_begin(call, "GET", "/users", request);
        return NULL;
    case OPERATION_UPDATE:
    case OPERATION_LOOK_UP:
    case OPERATION_LOGIN:
        break;
    }
    assert(false && "a request that the provider has");
    return "the provider has no such request";
}

/* Accept: application/json is sent with every request (src/delivery). */
static void payso_authenticate(struct provider_account *opaque, uint64_t nonce,
                               const struct provider_call *call, const struct provider_request *request,
                               struct provider_headers *headers)
{
    const struct payso_account *account = (struct payso_account *)opaque;
    (void)nonce, (void)call;
    if (request->body.len > 0)
        provider_headers_add(headers, "Content-Type", "application/json");
    credentials_add_bearer(&account->token, headers);
}

static bool payso_read_user(const struct json_node *nodes, size_t index, const struct job *job,
                            struct arena *arena, struct provider_user *user)
{
    if (!remote_user_begin(nodes, &index, arena, user))
        return false;
    bool day_first = job->provider.date_format == JOB_DATE_DMY;
    remote_user_read_email(nodes, index, "email", arena, &user->values[FIELD_EMAIL]);
    remote_user_read_text(nodes, index, "first_name", arena, &user->values[FIELD_FIRST_NAME]);
    remote_user_read_text(nodes, index, "last_name", arena, &user->values[FIELD_LAST_NAME]);
    remote_user_read_text(nodes, index, "company_name", arena, &user->values[FIELD_COMPANY_NAME]);
    remote_user_read_date(nodes, index, "date_of_birth", day_first, arena,
                          &user->values[FIELD_DATE_OF_BIRTH]);
    return true;
}

static bool payso_read_success(const struct reply_body *body, enum operation operation, struct slice *user_id)
{
    (void)operation;
    *user_id = reply_body_value(body, "user.id");
    return user_id->len > 0;
}

static struct slice payso_read_existing(const struct reply_body *body)
{
    return reply_body_value(body, "user.id");
}

static const char *const exists_codes[] = {"record_not_unique", NULL};

static const struct outcome_row own_rows[] = {
    {409, 409, 0, 0, OUTCOME_REFUSED, 0, NULL, false},
    {422, 422, OUTCOME_FACT_EXISTS, OUTCOME_FACT_QUESTION, OUTCOME_EXISTS, 0, NULL, false},
};

static const struct outcome_table outcomes = {
    .rows = own_rows,
    .row_count = sizeof own_rows / sizeof *own_rows,
    .exists_codes = exists_codes,
    .fields = &payso_fields,
    .read_success = payso_read_success,
    .read_existing = payso_read_existing,
};

static void payso_classify(const struct provider_reply *reply, const struct record *record,
                           struct outcome *outcome)
{
    outcome_table_classify(&outcomes, reply, record, outcome);
}

static const struct provider_word verification_words[] = {
    {"kyc.general.status", "not_started", VERIFICATION_PENDING, true},
    {"kyc.general.status", "approved", VERIFICATION_VERIFIED, true},
    {0},
};

const struct provider payso_provider = {
    .name = "payso",
    .base_url = "https://core-api.pay.so/v1",
    .credentials = "{token: env:PAYSO_TOKEN}",
    .rate = {.count = 5, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 2,
    .can_update = false,
    .recovery = PROVIDER_RECOVERY_LIST,
    .fields = &payso_fields,
    .verification_words = verification_words,
    .check_job = payso_check_job,
    .account_new = payso_account_new,
    .account_free = payso_account_free,
    .build = payso_build,
    .authenticate = payso_authenticate,
    .find_users = remote_user_find_list,
    .read_user = payso_read_user,
    .classify = payso_classify,
};
