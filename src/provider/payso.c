#include "provider/payso.h"

#include <assert.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"
#include "provider/credentials.h"
#include "provider/outcome_table.h"
#include "provider/payload.h"
#include "provider/remote_user.h"
#include "provider/request_target.h"

struct payso_account {
    struct secret token;
};

static const char *const refused[] = {"AF", "BY", "BA", "BI", "CF", "CU", "KP", "CD", "ET", "GT", "GN",
                                      "GW", "HT", "IR", "IQ", "LB", "LY", "ML", "MM", "NI", "NE", "RU",
                                      "SO", "SS", "SD", "SY", "TN", "VE", "YE", "ZW", NULL};

static const struct provider_field rows[] = {
    /* It has no member for our key: users are matched by e-mail, names and birth date. */
    {FIELD_EXTERNAL_ID, .slot = PROVIDER_NO_SLOT, .required = true},
    {FIELD_CUSTOMER_TYPE, .member = "beneficiary_type", .form = PAYLOAD_CUSTOMER_TYPE, .slot = 0},
    {FIELD_FIRST_NAME, .member = "first_name", .slot = 1, .required = true,
     .applies_to = PROVIDER_INDIVIDUALS},
    {FIELD_LAST_NAME, .member = "last_name", .slot = 2, .required = true, .applies_to = PROVIDER_INDIVIDUALS},
    {FIELD_COMPANY_NAME, .member = "company_name", .slot = 3, .required = true,
     .applies_to = PROVIDER_BUSINESSES},
    {FIELD_EMAIL, .member = "email", .slot = 4, .required = true},
    {FIELD_DATE_OF_BIRTH, .member = "date_of_birth", .form = PAYLOAD_DATE, .slot = 6, .required = true},
    {FIELD_ADDRESS_LINE1, .member = "address_line1", .slot = 7, .required = true},
    {FIELD_ADDRESS_LINE2, .member = "address_line2", .slot = 8},
    {FIELD_CITY, .member = "city", .slot = 9, .required = true},
    {FIELD_STATE, .member = "state", .slot = 10, .required = true},
    {FIELD_POSTAL_CODE, .member = "postcode", .slot = 11, .required = true},
    {FIELD_COUNTRY, .member = "country", .slot = 12, .required = true, .refused_countries = refused,
     .iso_countries = true},
    {FIELD_NATIONALITIES, .member = "nationality", .form = PAYLOAD_FIRST, .slot = 13, .required = true,
     .first_only = true, .refused_countries = refused, .iso_countries = true},
    {FIELD_PHONE, .member = "phone", .slot = 5, .required = true},
    /* The page asks it of every customer, abroad "a number similar to a Social Security Number"; its own
     * example has null. */
    {FIELD_NATIONAL_ID, .member = "ssn", .slot = 14, .required = true, .recommended = true,
     .is_uncertain = true, .applies_to = PROVIDER_NOT_FOREIGN},
    {FIELD_SOURCE_OF_FUNDS, .member = "source_of_funds", .slot = 15, .required = true,
     .applies_to = PROVIDER_BUSINESSES},
    {FIELD_BUSINESS_ACTIVITY, .member = "business_activity", .slot = 16},
};

static const struct provider_fields fields = {
    .fields = rows,
    .field_count = sizeof rows / sizeof *rows,
    .slot_count = 17,
    .wrapper = "user",
    .null_if_absent = true,
};

#define TOKEN "token"

static const struct provider_credential credentials[] = {
    {
        .name = TOKEN,
        .kind = PROVIDER_CREDENTIAL_TOKEN,
        .example = "PAYSO_TOKEN",
        .sent = "header Authorization: Bearer",
        .locks = true,
        .help = "the bearer token",
    },
    {0},
};

static const char *const date_formats[] = {
    [JOB_DATE_DMY] = "DD/MM/YYYY", [JOB_DATE_ISO] = "YYYY-MM-DD", NULL};

/* The page calls `nationality` "the country where the individual was born". */
static const char *const nationalities[] = {
    [JOB_NATIONALITY_FIRST] = "nationalities", [JOB_NATIONALITY_BIRTH_COUNTRY] = "birth_country", NULL};

static const struct provider_setting settings[] = {
    {
        .name = SETTING_SETTLE_AFTER,
        .kind = PROVIDER_SETTING_DURATION,
        .min = CLOCK_NS_PER_MS,
        .max = 24 * CLOCK_NS_PER_HOUR,
        .standard = "60s",
        .help =
            "how long after a create without a reply the users are listed, at least twice delivery.timeout",
        .example = "5m",
    },
    {
        .name = SETTING_LIST_MAX,
        .kind = PROVIDER_SETTING_SIZE,
        .min = 1,
        .max = SIZE_MAX,
        .standard = "1GiB",
        .help = "how large the listing of all users may be",
        .example = "4GiB",
    },
    {
        .name = SETTING_DATE_FORMAT,
        .kind = PROVIDER_SETTING_WORD,
        .standard = "DD/MM/YYYY",
        .words = date_formats,
        .help = "how a date of birth is written",
        .example = "YYYY-MM-DD",
        .is_uncertain = true,
    },
    PROVIDER_SETTINGS_LINKS,
    {
        .name = SETTING_NATIONALITY,
        .kind = PROVIDER_SETTING_WORD,
        .standard = "nationalities",
        .words = nationalities,
        .help = "the field that is sent as nationality: the first of nationalities, or birth_country",
        .example = "birth_country",
        .is_uncertain = true,
    },
    {0},
};

static struct provider_account *payso_account_new(const struct job_credentials *set)
{
    struct payso_account *account = memory_new(1, sizeof *account);
    account->token = credentials_copy(set, TOKEN);
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

static const char *payso_build(const struct provider_call *call, struct provider_request *request)
{
    switch (call->operation) {
    case OPERATION_CREATE:
        request_target_begin(call, "POST", "/users", request);
        return payload_write(&fields, call, NULL, &request->body);
    case OPERATION_FETCH:
        request_target_begin(call, "GET", "/users/", request);
        request_target_add_encoded(request, slice_from(call->user_id));
        return NULL;
    case OPERATION_LIST:
        request_target_begin(call, "GET", "/users", request);
        return NULL;
    case OPERATION_LINK:
        request_target_begin(call, "POST", "/users/", request);
        request_target_add_encoded(request, slice_from(call->user_id));
        request_target_add(request, "/kycs");
        buffer_append_text(&request->body, "{}");
        return NULL;
    case OPERATION_UPDATE:
    case OPERATION_LOOK_UP:
    case OPERATION_LOGIN:
    case OPERATION_DOCUMENT:
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
    bool day_first = job_setting_number(&job->provider, SETTING_DATE_FORMAT) == JOB_DATE_DMY;
    remote_user_read_values(&fields, nodes, index, day_first, arena, user);
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
    {422, 422, OUTCOME_FACT_EXISTS, OUTCOME_FACT_QUESTION | OUTCOME_FACT_TASK, OUTCOME_EXISTS, 0, NULL,
     false},
};

static const char *const link_paths[] = {"kyc.url", NULL};

static const struct outcome_table outcomes = {
    .rows = own_rows,
    .row_count = sizeof own_rows / sizeof *own_rows,
    .exists_codes = exists_codes,
    .read_success = payso_read_success,
    .link_paths = link_paths,
    .link_user = "kyc.user_id",
    .read_existing = payso_read_existing,
};

static const struct provider_word verification_words[] = {
    {"kyc.general.status", "not_started", VERIFICATION_PENDING, true},
    {"kyc.general.status", "initiated", VERIFICATION_PENDING, true},
    {"kyc.general.status", "pending_assessment", VERIFICATION_PENDING, true},
    {"kyc.general.status", "prechecks_completed", VERIFICATION_PENDING, true},
    {"kyc.general.status", "application_queued", VERIFICATION_PENDING, true},
    {"kyc.general.status", "awaiting_manual_review", VERIFICATION_PENDING, true},
    {"kyc.general.status", "retry_required", VERIFICATION_ACTION_NEEDED, true},
    {"kyc.general.status", "approved", VERIFICATION_VERIFIED, true},
    {"kyc.general.status", "failed", VERIFICATION_REJECTED, true},
    {0},
};

static const char *const verification_reasons[] = {"kyc.general.moderation_comment", NULL};

const struct provider payso_provider = {
    .name = "payso",
    .base_url = "https://core-api.pay.so/v1",
    .credentials = credentials,
    .settings = settings,
    .rate = {.count = 5, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 2,
    .can_update = false,
    .makes_links = true,
    .agreement = "/public/agreements?email=",
    .recovery = PROVIDER_RECOVERY_LIST,
    .recovery_help = "compared with one listing of all users",
    .fields = &fields,
    .verification_words = verification_words,
    .verification_reasons = verification_reasons,
    .account_new = payso_account_new,
    .account_free = payso_account_free,
    .build = payso_build,
    .authenticate = payso_authenticate,
    .find_users = remote_user_find_list,
    .read_user = payso_read_user,
    .outcomes = &outcomes,
};
