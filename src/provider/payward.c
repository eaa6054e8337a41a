#include "provider/payward.h"

#include "core/clock.h"
#include "provider/fields.h"
#include "provider/outcome_table.h"
#include "provider/payload.h"
#include "provider/rest_requests.h"
#include "provider/signing.h"

enum {
    USER_ID_MIN = 14, /* the path parameter user_id of PATCH /v1/users/{user_id} */
    USER_ID_MAX = 42,
};

static const struct payload_row rows[] = {
    {"email", NULL, FIELD_EMAIL, PAYLOAD_TEXT},
    {"external_reference", NULL, FIELD_EXTERNAL_ID, PAYLOAD_TEXT},
    {"full_name", "first_name", FIELD_FIRST_NAME, PAYLOAD_TEXT},
    {"full_name", "middle_name", FIELD_MIDDLE_NAME, PAYLOAD_TEXT},
    {"full_name", "last_name", FIELD_LAST_NAME, PAYLOAD_TEXT},
    {"birth", "date", FIELD_DATE_OF_BIRTH, PAYLOAD_TEXT},
    {"birth", "city", FIELD_BIRTH_CITY, PAYLOAD_TEXT},
    {"birth", "country", FIELD_BIRTH_COUNTRY, PAYLOAD_TEXT},
    {"residence", "line1", FIELD_ADDRESS_LINE1, PAYLOAD_TEXT},
    {"residence", "line2", FIELD_ADDRESS_LINE2, PAYLOAD_TEXT},
    {"residence", "city", FIELD_CITY, PAYLOAD_TEXT},
    {"residence", "province", FIELD_STATE, PAYLOAD_TEXT},
    {"residence", "postal_code", FIELD_POSTAL_CODE, PAYLOAD_TEXT},
    {"residence", "country", FIELD_COUNTRY, PAYLOAD_TEXT},
    {"phone", NULL, FIELD_PHONE, PAYLOAD_TEXT},
    {"nationalities", NULL, FIELD_NATIONALITIES, PAYLOAD_LIST},
    {"occupation", NULL, FIELD_OCCUPATION, PAYLOAD_TEXT},
    {"employer_name", NULL, FIELD_EMPLOYER_NAME, PAYLOAD_TEXT},
    {"tax_ids", NULL, FIELD_TAX_ID, PAYLOAD_TAX_IDS},
    {"language", NULL, FIELD_LANGUAGE, PAYLOAD_TEXT},
    {"client_identifier", NULL, FIELD_CLIENT_IDENTIFIER, PAYLOAD_CONCAT},
};

#define NULLABLE_MEMBERS                                                                                     \
    (FIELDS_BIT(PAYWARD_PHONE) | FIELDS_BIT(PAYWARD_NATIONALITIES) | FIELDS_BIT(PAYWARD_TAX_IDS) |           \
     FIELDS_BIT(PAYWARD_EMPLOYER_NAME) | FIELDS_BIT(PAYWARD_OCCUPATION) | FIELDS_BIT(PAYWARD_LANGUAGE))
#define UPDATE_MEMBERS                                                                                       \
    (NULLABLE_MEMBERS | FIELDS_BIT(PAYWARD_FULL_NAME) | FIELDS_BIT(PAYWARD_BIRTH) |                          \
     FIELDS_BIT(PAYWARD_RESIDENCE) | FIELDS_BIT(PAYWARD_CLIENT_IDENTIFIER))

static const struct payload payload = {
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .fields = &payward_fields,
    .nullable = NULLABLE_MEMBERS,
};

static const char *payward_build(const struct provider_call *call, struct provider_request *request)
{
    rest_requests_build("/v1/users", &payload, call, request);
    return NULL;
}

static bool payward_read_success(const struct reply_body *body, enum operation operation,
                                 struct slice *user_id)
{
    if (operation == OPERATION_UPDATE)
        return slice_is(reply_body_value(body, "data"), "success");
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
    .fields = &payward_fields,
    .read_success = payward_read_success,
    .read_existing = payward_read_existing,
};

static void payward_classify(const struct provider_reply *reply, const struct record *record,
                             struct outcome *outcome)
{
    outcome_table_classify(&outcomes, reply, record, outcome);
}

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

const struct provider payward_provider = {
    .name = "payward",
    .base_url = "https://api.services.payward.com",
    .credentials = "{api_key: env:PWS_API_KEY, api_secret: env:PWS_API_SECRET}",
    .user_id_min = USER_ID_MIN,
    .user_id_max = USER_ID_MAX,
    .rate = {.count = 10, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 1,
    .is_signed = true,
    .can_update = true,
    .recovery = PROVIDER_RECOVERY_REPEAT,
    .update_members = UPDATE_MEMBERS,
    .nullable_members = NULLABLE_MEMBERS,
    .fields = &payward_fields,
    .verification_words = verification_words,
    .check_job = signing_check_job,
    .account_new = signing_account_new,
    .account_free = signing_account_free,
    .build = payward_build,
    .authenticate = signing_authenticate,
    .read_user = rest_requests_read_user,
    .classify = payward_classify,
};
