/* fifth_provider: an invented provider, described in this file alone, and a list of providers that has it.
 *
 * Linked by the rule of build/tests/fifth-provider in place of src/provider/provider_list.c, for
 * tests/cli/fifth_provider.t. It has what no other provider has: a setting, a credential, members with keys,
 * a status and paths of its own.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"
#include "provider/credentials.h"
#include "provider/kira.h"
#include "provider/outcome_table.h"
#include "provider/payload.h"
#include "provider/provider_list.h"
#include "provider/remote_user.h"
#include "provider/request_target.h"

#define PARTNER_CODE "partner_code"
#define BRANCH       "branch"

enum { STATUS_BUSY = 420 };

struct fifth_account {
    struct secret partner_code;
};

static const char *const occupations[] = {"farmer", "sailor", NULL};

static const struct provider_field rows[] = {
    {FIELD_EXTERNAL_ID, .member = "reference", .slot = 0, .required = true},
    {FIELD_CUSTOMER_TYPE, .slot = PROVIDER_NO_SLOT, .values = provider_fields_individuals},
    {FIELD_FIRST_NAME, .member = "person", .key = "given", .slot = 1, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_LAST_NAME, .member = "person", .key = "family", .slot = 1, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_DATE_OF_BIRTH, .member = "person", .key = "born", .slot = 1, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_EMAIL, .member = "contact", .key = "mail", .slot = 2, .update = UPDATE_VALUE, .required = true},
    {FIELD_OCCUPATION, .member = "trade", .slot = 4, .update = UPDATE_CLEAR, .values = occupations},
    {FIELD_COUNTRY, .member = "country", .form = PAYLOAD_ALPHA3, .slot = 3, .update = UPDATE_VALUE},
};

static const struct provider_fields fields = {
    .fields = rows,
    .field_count = sizeof rows / sizeof *rows,
    .slot_count = 5,
};

static const struct provider_credential credentials[] = {
    {
        .name = PARTNER_CODE,
        .kind = PROVIDER_CREDENTIAL_KEY,
        .example = "EXAMPLEPAY_PARTNER_CODE",
        .sent = "header X-Partner-Code",
        .locks = true,
        .help = "the code of the contract",
    },
    {0},
};

static const struct provider_setting settings[] = {
    {
        .name = BRANCH,
        .kind = PROVIDER_SETTING_NUMBER,
        .min = 1,
        .max = 99,
        .standard = "7",
        .help = "the branch that the users belong to",
        .example = "12",
    },
    {0},
};

static struct provider_account *fifth_account_new(const struct job_credentials *set)
{
    struct fifth_account *account = memory_new(1, sizeof *account);
    account->partner_code = credentials_copy(set, PARTNER_CODE);
    return (struct provider_account *)account;
}

static void fifth_account_free(struct provider_account *opaque)
{
    struct fifth_account *account = (struct fifth_account *)opaque;
    if (!account)
        return;
    secret_clear(&account->partner_code);
    free(account);
}

static const char *fifth_build(const struct provider_call *call, struct provider_request *request)
{
    char page[24];

    switch (call->operation) {
    case OPERATION_CREATE:
        request_target_begin(call, "POST", "/people", request);
        return payload_write(&fields, call, NULL, &request->body);
    case OPERATION_UPDATE:
        request_target_begin(call, "PUT", "/people/", request);
        request_target_add_encoded(request, slice_from(call->user_id));
        return payload_write(&fields, call, NULL, &request->body);
    case OPERATION_FETCH:
        request_target_begin(call, "GET", "/people/", request);
        request_target_add_encoded(request, slice_from(call->user_id));
        return NULL;
    case OPERATION_LOOK_UP:
        request_target_begin(call, "GET", "/people?mail=", request);
        request_target_add_encoded(request, call->record->values[FIELD_EMAIL].text);
        snprintf(page, sizeof page, "&skip=%" PRIu32, call->offset);
        request_target_add(request, page);
        return NULL;
    case OPERATION_LIST:
    case OPERATION_LOGIN:
    case OPERATION_LINK:
    case OPERATION_DOCUMENT:
        break;
    }
    assert(false && "a request that the provider has");
    return "the provider has no such request";
}

static void fifth_authenticate(struct provider_account *opaque, uint64_t nonce,
                               const struct provider_call *call, const struct provider_request *request,
                               struct provider_headers *headers)
{
    const struct fifth_account *account = (struct fifth_account *)opaque;
    char branch[24];

    (void)nonce;
    snprintf(branch, sizeof branch, "%" PRIu64, job_setting_number(&call->job->provider, BRANCH));
    if (request->body.len > 0)
        provider_headers_add(headers, "Content-Type", "application/json");
    provider_headers_add(headers, "X-Partner-Code", account->partner_code.data);
    provider_headers_add(headers, "X-Branch", branch);
}

static bool fifth_read_user(const struct json_node *nodes, size_t index, const struct job *job,
                            struct arena *arena, struct provider_user *user)
{
    (void)job;
    if (!remote_user_begin(nodes, &index, arena, user))
        return false;
    user->external_id = arena_copy(arena, remote_user_external_id(&fields, nodes, index));
    remote_user_read_values(&fields, nodes, index, false, arena, user);
    return true;
}

static bool fifth_read_success(const struct reply_body *body, enum operation operation, struct slice *user_id)
{
    *user_id = reply_body_value(body, "id");
    return operation == OPERATION_UPDATE || user_id->len > 0;
}

static struct slice fifth_read_existing(const struct reply_body *body)
{
    return reply_body_value(body, "person");
}

static const struct outcome_row own_rows[] = {
    {STATUS_BUSY, STATUS_BUSY, 0, 0, OUTCOME_THROTTLED, RETRY_429, NULL, false},
};

static const struct outcome_table outcomes = {
    .rows = own_rows,
    .row_count = sizeof own_rows / sizeof *own_rows,
    .read_success = fifth_read_success,
    .read_existing = fifth_read_existing,
};

static const struct provider_word verification_words[] = {
    {"checked", "shipshape", VERIFICATION_VERIFIED, false},
    {0},
};

static const struct provider examplepay = {
    .name = "examplepay",
    .base_url = "https://api.example.com",
    .credentials = credentials,
    .settings = settings,
    .rate = {.count = 3, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 2,
    .can_update = true,
    .recovery = PROVIDER_RECOVERY_LOOK_UP,
    .recovery_help = "looked up by its address of mail",
    .fields = &fields,
    .outcomes = &outcomes,
    .verification_words = verification_words,
    .account_new = fifth_account_new,
    .account_free = fifth_account_free,
    .build = fifth_build,
    .authenticate = fifth_authenticate,
    .find_users = remote_user_find_list,
    .read_user = fifth_read_user,
};

const struct provider *const provider_list[] = {&kira_provider, &examplepay, NULL};
