#include "provider/payward.h"

#include <assert.h>
#include <stdio.h>

#include "core/clock.h"
#include "model/language.h"
#include "provider/outcome_table.h"
#include "provider/payload.h"
#include "provider/signing.h"

enum {
    USER_ID_MIN = 14, /* the path parameter user_id of PATCH /v1/users/{user_id} */
    USER_ID_MAX = 42,
};

enum payward_member {
    MEMBER_EMAIL,
    MEMBER_EXTERNAL_REFERENCE,
    MEMBER_FULL_NAME,
    MEMBER_BIRTH,
    MEMBER_RESIDENCE,
    MEMBER_PHONE,
    MEMBER_NATIONALITIES,
    MEMBER_OCCUPATION,
    MEMBER_EMPLOYER_NAME,
    MEMBER_TAX_IDS,
    MEMBER_LANGUAGE,
    MEMBER_COUNT,
};

static const char *const members[MEMBER_COUNT + 1] = {
    [MEMBER_EMAIL] = "email",
    [MEMBER_EXTERNAL_REFERENCE] = "external_reference",
    [MEMBER_FULL_NAME] = "full_name",
    [MEMBER_BIRTH] = "birth",
    [MEMBER_RESIDENCE] = "residence",
    [MEMBER_PHONE] = "phone",
    [MEMBER_NATIONALITIES] = "nationalities",
    [MEMBER_OCCUPATION] = "occupation",
    [MEMBER_EMPLOYER_NAME] = "employer_name",
    [MEMBER_TAX_IDS] = "tax_ids",
    [MEMBER_LANGUAGE] = "language",
};

static const char *const customer_types[] = {"individual", NULL};

static const char *const occupations[] = {
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

/* Beside the 249 of ISO 3166-1. */
static const char *const also_nationalities[] = {"AC", "AN", "AP", "CP", "DG", "EA", "EU",
                                                 "IC", "JX", "TA", "QO", "XK", "0C", NULL};

static const struct provider_field fields[] = {
    {.field = FIELD_EXTERNAL_ID, .member = MEMBER_EXTERNAL_REFERENCE, .required = true},
    {.field = FIELD_CUSTOMER_TYPE, .member = PROVIDER_NO_MEMBER, .values = customer_types},
    {.field = FIELD_EMAIL, .member = MEMBER_EMAIL, .required = true},
    {.field = FIELD_PHONE, .member = MEMBER_PHONE, .required = true},
    {.field = FIELD_FIRST_NAME, .member = MEMBER_FULL_NAME, .required = true},
    {.field = FIELD_MIDDLE_NAME, .member = MEMBER_FULL_NAME},
    {.field = FIELD_LAST_NAME, .member = MEMBER_FULL_NAME, .required = true},
    {.field = FIELD_DATE_OF_BIRTH, .member = MEMBER_BIRTH, .required = true},
    {.field = FIELD_BIRTH_CITY, .member = MEMBER_BIRTH, .required = true},
    {.field = FIELD_BIRTH_COUNTRY, .member = MEMBER_BIRTH, .required = true},
    {.field = FIELD_ADDRESS_LINE1, .member = MEMBER_RESIDENCE, .required = true},
    {.field = FIELD_ADDRESS_LINE2, .member = MEMBER_RESIDENCE},
    {.field = FIELD_CITY, .member = MEMBER_RESIDENCE, .required = true},
    {.field = FIELD_STATE, .member = MEMBER_RESIDENCE},
    {.field = FIELD_POSTAL_CODE, .member = MEMBER_RESIDENCE, .required = true},
    {.field = FIELD_COUNTRY, .member = MEMBER_RESIDENCE, .required = true},
    {.field = FIELD_NATIONALITIES,
     .member = MEMBER_NATIONALITIES,
     .required = true,
     .also_countries = also_nationalities},
    {.field = FIELD_TAX_ID, .member = MEMBER_TAX_IDS},
    {.field = FIELD_TAX_COUNTRY, .member = MEMBER_TAX_IDS},
    {.field = FIELD_LANGUAGE, .member = MEMBER_LANGUAGE, .values = language_codes},
    {.field = FIELD_OCCUPATION, .member = MEMBER_OCCUPATION, .required = true, .values = occupations},
    {.field = FIELD_EMPLOYER_NAME, .member = MEMBER_EMPLOYER_NAME},
};

static const struct provider_fields field_table_of_payward = {
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .members = members,
    .member_count = MEMBER_COUNT,
};

static const struct payload_row create_rows[] = {
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
};

static void payward_build(enum operation operation, const struct record *record, const char *base_path,
                          const char *user_id, struct provider_request *request)
{
    assert(operation == OPERATION_CREATE);
    (void)operation;
    (void)user_id;
    request->method = "POST";
    int len = snprintf(request->target, sizeof request->target, "%s/v1/users", base_path);
    assert(len > 0 && (size_t)len < sizeof request->target);
    (void)len;
    buffer_reset(&request->body);
    payload_write(create_rows, sizeof create_rows / sizeof *create_rows, record, &request->body);
}

static bool payward_read_success(const struct answer *answer, enum operation operation, struct slice *user_id)
{
    if (operation == OPERATION_UPDATE)
        return slice_is(answer_value(answer, "data"), "success");
    *user_id = answer_value(answer, "data.id");
    return user_id->len > 0;
}

/* Only what is named as the user's id and looks like one: a plain `id` may be that of the error. */
static struct slice payward_read_existing(const struct answer *answer)
{
    static const char *const paths[] = {"data.id", "data.user_id", "user_id"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct slice id = answer_value(answer, paths[i]);
        if (id.len >= USER_ID_MIN && id.len <= USER_ID_MAX)
            return id;
    }
    return slice_make("", 0);
}

static const struct outcome_row own_rows[] = {
    {401, 401, OUTCOME_FACT_NONCE, 0, OUTCOME_BAD_NONCE, RETRY_NONCE, NULL},
};

static const struct outcome_table outcomes = {
    .rows = own_rows,
    .row_count = sizeof own_rows / sizeof *own_rows,
    .read_success = payward_read_success,
    .read_existing = payward_read_existing,
};

static void payward_judge(const struct provider_reply *reply, const struct record *record,
                          struct outcome *outcome)
{
    outcome_table_judge(&outcomes, reply, record, outcome);
}

const struct provider payward_provider = {
    .name = "payward",
    .base_url = "https://api.services.payward.com",
    .rate = {.count = 10, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 1,
    .is_signed = true,
    .can_update = false,
    .fields = &field_table_of_payward,
    .check_job = signing_check_job,
    .account_new = signing_account_new,
    .account_free = signing_account_free,
    .build = payward_build,
    .authenticate = signing_authenticate,
    .judge = payward_judge,
};
