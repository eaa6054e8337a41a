#include "provider/kraken_embed.h"

#include "core/clock.h"
#include "model/language.h"
#include "provider/document_payload.h"
#include "provider/outcome_table.h"
#include "provider/payward.h"
#include "provider/request_target.h"
#include "provider/rest_requests.h"
#include "provider/signing.h"
#include "provider/version_header.h"

/* As payward, but flat. */
static const struct provider_field rows[] = {
    {FIELD_CUSTOMER_TYPE, .slot = PROVIDER_NO_SLOT, .values = provider_fields_individuals},
    {FIELD_EMAIL, .member = "email", .slot = 0, .required = true},
    {FIELD_EXTERNAL_ID, .member = "external_id", .slot = 1, .required = true},
    {FIELD_TOS_VERSION, .member = "tos_version_accepted", .form = PAYLOAD_INTEGER, .slot = 2,
     .update = UPDATE_VALUE, .required = true},
    {FIELD_FIRST_NAME, .member = "full_name", .key = "first_name", .slot = 3, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_MIDDLE_NAME, .member = "full_name", .key = "middle_name", .slot = 3, .update = UPDATE_VALUE},
    {FIELD_LAST_NAME, .member = "full_name", .key = "last_name", .slot = 3, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_DATE_OF_BIRTH, .member = "date_of_birth", .slot = 4, .update = UPDATE_VALUE, .required = true},
    {FIELD_BIRTH_CITY, .member = "city_of_birth", .slot = 5, .update = UPDATE_VALUE},
    {FIELD_BIRTH_COUNTRY, .member = "country_of_birth", .slot = 6, .update = UPDATE_VALUE},
    {FIELD_ADDRESS_LINE1, .member = "residence", .key = "line1", .slot = 7, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_ADDRESS_LINE2, .member = "residence", .key = "line2", .slot = 7, .update = UPDATE_VALUE},
    {FIELD_CITY, .member = "residence", .key = "city", .slot = 7, .update = UPDATE_VALUE, .required = true},
    {FIELD_STATE, .member = "residence", .key = "province", .slot = 7, .update = UPDATE_VALUE},
    {FIELD_POSTAL_CODE, .member = "residence", .key = "postal_code", .slot = 7, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_COUNTRY, .member = "residence", .key = "country", .slot = 7, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_PHONE, .member = "phone", .slot = 8, .update = UPDATE_CLEAR, .required = true},
    {FIELD_NATIONALITIES, .member = "nationalities", .form = PAYLOAD_LIST, .slot = 9, .update = UPDATE_CLEAR,
     .required = true, .extra_countries = payward_also_nationalities},
    {FIELD_OCCUPATION, .member = "occupation", .slot = 10, .update = UPDATE_CLEAR, .required = true,
     .values = payward_occupations},
    {FIELD_EMPLOYER_NAME, .member = "employer_name", .slot = 11, .update = UPDATE_CLEAR},
    {FIELD_CLIENT_IDENTIFIER, .member = "client_identifier", .form = PAYLOAD_CONCAT, .slot = 12,
     .update = UPDATE_VALUE},
    {FIELD_CLIENT_IDENTIFIER_CALCULATED_AT, .member = "client_identifier", .key = "calculated_at",
     .form = PAYLOAD_CONCAT_TIME, .slot = 12, .update = UPDATE_VALUE, .undigested = true},
    {FIELD_TAX_ID, .member = "tax_ids", .form = PAYLOAD_TAX_IDS, .slot = 13, .update = UPDATE_CLEAR},
    {FIELD_TAX_COUNTRY, .member = "tax_ids", .form = PAYLOAD_TAX_COUNTRY, .slot = 13, .update = UPDATE_CLEAR},
    {FIELD_LANGUAGE, .member = "language", .slot = 14, .update = UPDATE_CLEAR, .values = language_codes},
    /* Sent for users that exist, by kyc-import documents. */
    {FIELD_NONE, .group = FIELD_GROUP_DOCUMENTS, .slot = PROVIDER_NO_SLOT},
};

static const struct provider_fields fields = {
    .fields = rows, .field_count = sizeof rows / sizeof *rows, .slot_count = 15};

static const char *kraken_embed_build(const struct provider_call *call, struct provider_request *request)
{
    if (call->operation != OPERATION_DOCUMENT) {
        rest_requests_build("/b2b/users", &fields, call, request);
        return NULL;
    }
    bool has_urls = document_payload_has_urls(call->document);
    request_target_begin(call, "POST", "/b2b/verifications/", request);
    request_target_add_encoded(request, slice_from(call->user_id));
    if (!has_urls)
        return document_payload_write_form(call, DOCUMENT_PAYLOAD_BIRTH_FLAT, request);
    request_target_add(request, "/url");
    return document_payload_write_urls(call, DOCUMENT_PAYLOAD_BIRTH_FLAT, request);
}

static void kraken_embed_authenticate(struct provider_account *account, uint64_t nonce,
                                      const struct provider_call *call,
                                      const struct provider_request *request,
                                      struct provider_headers *headers)
{
    signing_authenticate(account, nonce, call, request, headers);
    version_header_add(call->job, headers);
}

static bool kraken_embed_read_user(const struct json_node *nodes, size_t index, const struct job *job,
                                   struct arena *arena, struct provider_user *user)
{
    (void)index, (void)job;
    return rest_requests_read_user(&fields, nodes, arena, user);
}

static bool kraken_embed_read_success(const struct reply_body *body, enum operation operation,
                                      struct slice *user_id)
{
    if (operation == OPERATION_UPDATE)
        return slice_is(reply_body_value(body, "result"), "success");
    if (operation == OPERATION_DOCUMENT)
        return reply_body_value(body, "result.verification_id").len > 0;
    *user_id = reply_body_value(body, "result.user");
    return user_id->len > 0;
}

/* A plain `id` may be that of the error. */
static struct slice kraken_embed_read_existing(const struct reply_body *body)
{
    static const char *const paths[] = {"result.user", "result.user_id", "user_id", "user", NULL};
    return reply_body_first(body, paths, 1, OUTCOME_USER_ID_SIZE - 1);
}

static const struct outcome_table outcomes = {
    .rows = outcome_table_signed_rows,
    .row_count = OUTCOME_SIGNED_ROWS,
    .read_success = kraken_embed_read_success,
    .read_existing = kraken_embed_read_existing,
};

static const struct provider_word verification_words[] = {
    {"status.state", "ok", VERIFICATION_VERIFIED, false},
    {"status.state", "disabled", VERIFICATION_ACTION_NEEDED, true},
    {"status.state", "closed", VERIFICATION_REJECTED, true},
    {"status.required_actions[].action_type", "verification", VERIFICATION_ACTION_NEEDED, false},
    {"status.required_actions[].action_type", "provide_details", VERIFICATION_ACTION_NEEDED, true},
    {"status.required_actions[].action_type", "wait", VERIFICATION_PENDING, true},
    {0},
};

static const char *const verification_reasons[] = {"status.required_actions[].verification_type",
                                                   "status.required_actions[].reasons[]",
                                                   "status.required_actions[].wait_reason_code", NULL};

static const struct provider_credential credentials[] = {
    SIGNING_CREDENTIALS("KRAKEN_API_KEY", "KRAKEN_API_SECRET"),
    {0},
};

static const struct provider_setting settings[] = {
    SIGNING_SETTINGS,
    PROVIDER_SETTINGS_CONCAT,
    DOCUMENT_PAYLOAD_SETTINGS,
    PROVIDER_SETTINGS_DOCUMENTS,
    VERSION_HEADER_SETTINGS("Payward-Version", "2025-04-15", true),
    {0},
};

const struct provider kraken_embed_provider = {
    .name = "kraken-embed",
    .base_url = "https://nexus.kraken.com",
    .credentials = credentials,
    .settings = settings,
    .user_id_group = 4,
    .rate = {.count = 10, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 1,
    .is_signed = true,
    .can_update = true,
    .document_types = document_payload_types,
    .documents = PROVIDER_DOCUMENT_URLS | PROVIDER_DOCUMENT_FILES,
    .recovery = PROVIDER_RECOVERY_REPEAT,
    .recovery_help =
        "repeated (?); if the user exists, the one that the reply names is taken if it has the same external_id, else a person resolves it",
    .fields = &fields,
    .verification_words = verification_words,
    .verification_reasons = verification_reasons,
    .account_new = signing_account_new,
    .account_free = signing_account_free,
    .build = kraken_embed_build,
    .authenticate = kraken_embed_authenticate,
    .read_user = kraken_embed_read_user,
    .outcomes = &outcomes,
};
