#include "provider/payward.h"

#include "core/clock.h"
#include "model/language.h"
#include "provider/document_payload.h"
#include "provider/outcome_table.h"
#include "provider/request_target.h"
#include "provider/rest_requests.h"
#include "provider/signing.h"

enum {
    USER_ID_MIN = 14, /* the path parameter user_id of PATCH /v1/users/{user_id} */
    USER_ID_MAX = 42,
};

const char *const payward_occupations[] = {
    "agriculture",
    "business_management",
    "computers_and_it",
    "construction",
    "education",
    "finance",
    "government",
    "healthcare",
    "hospitality",
    "manufacturing",
    "marketing",
    "media",
    "other",
    "science",
    "self_employed",
    "student",
    "transportation",
    "unemployed",
    "employed",
    NULL,
};

const char *const payward_also_nationalities[] = {"AC", "AN", "AP", "CP", "DG", "EA", "EU",
                                                  "IC", "JX", "TA", "QO", "XK", "0C", NULL};

static const struct provider_field rows[] = {
    {FIELD_CUSTOMER_TYPE, .slot = PROVIDER_NO_SLOT, .values = provider_fields_individuals},
    {FIELD_EMAIL, .member = "email", .slot = 0, .required = true},
    {FIELD_EXTERNAL_ID, .member = "external_reference", .slot = 1, .required = true},
    {FIELD_FIRST_NAME, .member = "full_name", .key = "first_name", .slot = 2, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_MIDDLE_NAME, .member = "full_name", .key = "middle_name", .slot = 2, .update = UPDATE_VALUE},
    {FIELD_LAST_NAME, .member = "full_name", .key = "last_name", .slot = 2, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_DATE_OF_BIRTH, .member = "birth", .key = "date", .slot = 3, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_BIRTH_CITY, .member = "birth", .key = "city", .slot = 3, .update = UPDATE_VALUE, .required = true,
     .is_uncertain = true},
    {FIELD_BIRTH_COUNTRY, .member = "birth", .key = "country", .slot = 3, .update = UPDATE_VALUE,
     .required = true, .is_uncertain = true},
    {FIELD_ADDRESS_LINE1, .member = "residence", .key = "line1", .slot = 4, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_ADDRESS_LINE2, .member = "residence", .key = "line2", .slot = 4, .update = UPDATE_VALUE},
    {FIELD_CITY, .member = "residence", .key = "city", .slot = 4, .update = UPDATE_VALUE, .required = true},
    {FIELD_STATE, .member = "residence", .key = "province", .slot = 4, .update = UPDATE_VALUE},
    {FIELD_POSTAL_CODE, .member = "residence", .key = "postal_code", .slot = 4, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_COUNTRY, .member = "residence", .key = "country", .slot = 4, .update = UPDATE_VALUE,
     .required = true},
    {FIELD_PHONE, .member = "phone", .slot = 5, .update = UPDATE_CLEAR, .required = true},
    {FIELD_NATIONALITIES, .member = "nationalities", .form = PAYLOAD_LIST, .slot = 6, .update = UPDATE_CLEAR,
     .required = true, .extra_countries = payward_also_nationalities},
    {FIELD_OCCUPATION, .member = "occupation", .slot = 7, .update = UPDATE_CLEAR, .required = true,
     .values = payward_occupations},
    {FIELD_EMPLOYER_NAME, .member = "employer_name", .slot = 8, .update = UPDATE_CLEAR},
    {FIELD_TAX_ID, .member = "tax_ids", .form = PAYLOAD_TAX_IDS, .slot = 9, .update = UPDATE_CLEAR},
    {FIELD_TAX_COUNTRY, .member = "tax_ids", .form = PAYLOAD_TAX_COUNTRY, .slot = 9, .update = UPDATE_CLEAR},
    {FIELD_LANGUAGE, .member = "language", .slot = 10, .update = UPDATE_CLEAR, .values = language_codes},
    {FIELD_CLIENT_IDENTIFIER, .member = "client_identifier", .form = PAYLOAD_CONCAT, .slot = 11,
     .update = UPDATE_VALUE},
    {FIELD_CLIENT_IDENTIFIER_CALCULATED_AT, .member = "client_identifier", .key = "calculated_at",
     .form = PAYLOAD_CONCAT_TIME, .slot = 11, .update = UPDATE_VALUE, .undigested = true},
    /* Sent for users that exist, by kyc-import documents. */
    {FIELD_NONE, .group = FIELD_GROUP_DOCUMENTS, .slot = PROVIDER_NO_SLOT},
};

static const struct provider_fields fields = {
    .fields = rows, .field_count = sizeof rows / sizeof *rows, .slot_count = 12};

static const char *payward_build(const struct provider_call *call, struct provider_request *request)
{
    if (call->operation != OPERATION_DOCUMENT) {
        rest_requests_build("/v1/users", &fields, call, request);
        return NULL;
    }
    request_target_begin(call, "POST", "/v1/users/", request);
    request_target_add_encoded(request, slice_from(call->user_id));
    request_target_add(request, "/verifications/url");
    return document_payload_write_urls(call, DOCUMENT_PAYLOAD_BIRTH_OBJECT, request);
}

static bool payward_read_user(const struct json_node *nodes, size_t index, const struct job *job,
                              struct arena *arena, struct provider_user *user)
{
    (void)index, (void)job;
    return rest_requests_read_user(&fields, nodes, arena, user);
}

static bool payward_read_success(const struct reply_body *body, enum operation operation,
                                 struct slice *user_id)
{
    if (operation == OPERATION_UPDATE)
        return slice_is(reply_body_value(body, "data"), "success");
    if (operation == OPERATION_DOCUMENT)
        return reply_body_value(body, "data.verification_id").len > 0;
    *user_id = reply_body_value(body, "data.id");
    return user_id->len >= USER_ID_MIN && user_id->len <= USER_ID_MAX;
}

/* Only what is named as the user's id and looks like one: a plain `id` may be that of the error. */
static struct slice payward_read_existing(const struct reply_body *body)
{
    static const char *const paths[] = {"data.id", "data.user_id", "user_id", NULL};
    return reply_body_first(body, paths, USER_ID_MIN, USER_ID_MAX);
}

static const struct outcome_table outcomes = {
    .rows = outcome_table_signed_rows,
    .row_count = OUTCOME_SIGNED_ROWS,
    .read_success = payward_read_success,
    .read_existing = payward_read_existing,
};

/* No page of Payward Services lists them: those of Kraken Embed, which has the same users. */
static const struct provider_word verification_words[] = {
    {"status.state", "ok", VERIFICATION_VERIFIED, true},
    {"status.state", "disabled", VERIFICATION_ACTION_NEEDED, true},
    {"status.state", "closed", VERIFICATION_REJECTED, true},
    {"status.required_actions[].action_type", "verification", VERIFICATION_ACTION_NEEDED, true},
    {"status.required_actions[].action_type", "provide_details", VERIFICATION_ACTION_NEEDED, true},
    {"status.required_actions[].action_type", "wait", VERIFICATION_PENDING, true},
    {0},
};

static const char *const verification_reasons[] = {"status.required_actions[].verification_type",
                                                   "status.required_actions[].reasons[]",
                                                   "status.required_actions[].wait_reason_code", NULL};

static const struct provider_credential credentials[] = {
    SIGNING_CREDENTIALS("PWS_API_KEY", "PWS_API_SECRET"),
    {0},
};

static const struct provider_setting settings[] = {
    SIGNING_SETTINGS,
    PROVIDER_SETTINGS_CONCAT,
    DOCUMENT_PAYLOAD_SETTINGS,
    {0},
};

static const char *const keep[] = {"accounts", NULL};

const struct provider payward_provider = {
    .name = "payward",
    .base_url = "https://api.services.payward.com",
    .credentials = credentials,
    .settings = settings,
    .user_id_min = USER_ID_MIN,
    .user_id_max = USER_ID_MAX,
    .rate = {.count = 10, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 1,
    .is_signed = true,
    .can_update = true,
    .document_types = document_payload_types,
    .documents = PROVIDER_DOCUMENT_URLS,
    .adopts_by_create = true,
    .recovery = PROVIDER_RECOVERY_REPEAT,
    .recovery_help = "repeated: the same external_reference gives the same user",
    .fields = &fields,
    .keep = keep,
    .verification_words = verification_words,
    .verification_reasons = verification_reasons,
    .account_new = signing_account_new,
    .account_free = signing_account_free,
    .build = payward_build,
    .authenticate = signing_authenticate,
    .read_user = payward_read_user,
    .outcomes = &outcomes,
};
