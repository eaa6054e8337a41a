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

enum { PAGE_USERS = 100, /* of a look-up or listing, the most that it gives */ };

enum { ADDRESS_CHARS_MAX = 70, DOCUMENT_SLOT = 25, METADATA_SLOT = 32 };

static const char *const languages[] = {"en", "es", NULL};
static const char *const genders[] = {"male", "female", "other", NULL};
static const char *const verification_modes[] = {"automatic", "verification_link", NULL};
static const char *const employment_statuses[] = {"employed", "self_employed", "unemployed",
                                                  "retired",  "student",       NULL};

static const char *const sources_of_funds[] = {
    "salary",
    "self_employment_income",
    "investment_proceeds",
    "savings_inheritance_gift",
    "gifts",
    "inheritance",
    "investments_loans",
    "pension_retirement",
    "sale_of_assets_real_estate",
    "savings",
    "someone_elses_funds",
    NULL,
};

static const char *const account_purposes[] = {
    "receive_payments",
    "manage_professional_income",
    "make_payments",
    "manage_personal_funds",
    "investment_trading",
    "charitable_donations",
    "investment_purposes",
    "operating_a_company",
    "payments_to_friends_or_family_abroad",
    "personal_or_living_expenses",
    "purchase_goods_and_services",
    "protect_wealth",
    "receive_salary",
    "receive_payment_for_freelancing",
    NULL,
};

/* The page has the last one in its example, and no list. */
static const char *const immigration_statuses[] = {"Permanent U.S. Resident", "Non-Permanent U.S. Resident",
                                                   "Non-Resident of U.S.", NULL};

static const char *const monthly_volumes[] = {"less_than_10000",  "10000_to_49999",  "50000_to_199999",
                                              "200000_to_999999", "1000000_or_more", NULL};
static const char *const transaction_counts[] = {"1_to_10", "11_to_50", "51_to_200", "more_than_200", NULL};

/* Of its restricted list: AFG BLR MMR CAF CIV CUB COD IRN IRQ LBR LBY PRK RUS SAU SOM SDN SYR UKR YEM VEN
 * ZWE. */
static const char *const restricted[] = {"AF", "BY", "MM", "CF", "CI", "CU", "CD", "IR", "IQ", "LR", "LY",
                                         "KP", "RU", "SA", "SO", "SD", "SY", "UA", "YE", "VE", "ZW", NULL};

static const struct provider_field rows[] = {
    {FIELD_CUSTOMER_TYPE, .member = "type", .form = PAYLOAD_CUSTOMER_TYPE, .slot = 0,
     .values = provider_fields_individuals},
    {FIELD_FIRST_NAME, .member = "first_name", .slot = 1, .update = UPDATE_VALUE, .required = true},
    {FIELD_LAST_NAME, .member = "last_name", .slot = 2, .update = UPDATE_VALUE, .required = true},
    {FIELD_MIDDLE_NAME, .member = "middle_name", .slot = 4, .update = UPDATE_VALUE},
    {FIELD_EMAIL, .member = "email", .slot = 3, .update = UPDATE_VALUE, .required = true},
    {FIELD_PHONE, .member = "phone", .slot = 5, .update = UPDATE_VALUE, .verifies = VERIFIES_EVERYBODY},
    {FIELD_DATE_OF_BIRTH, .member = "birth_date", .slot = 6, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY},
    {FIELD_NATIONALITIES, .member = "nationality", .form = PAYLOAD_ALPHA3, .slot = 7, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY, .first_only = true, .warned_countries = restricted},
    {FIELD_GENDER, .member = "gender", .slot = 8, .update = UPDATE_VALUE, .verifies = VERIFIES_EVERYBODY,
     .values = genders},
    {FIELD_EXTERNAL_ID, .member = "external_id", .slot = 9, .required = true},
    /* A reply has one object for the address (*kira create*). */
    {FIELD_ADDRESS_LINE1, .member = "address_street", .slot = 10, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY, .max_chars = ADDRESS_CHARS_MAX,
     .reply_name = "residential_address.street_line_1"},
    {FIELD_ADDRESS_LINE2, .member = "address_street_2", .slot = 11, .update = UPDATE_VALUE,
     .max_chars = ADDRESS_CHARS_MAX, .reply_name = "residential_address.street_line_2"},
    {FIELD_CITY, .member = "address_city", .slot = 12, .update = UPDATE_VALUE, .verifies = VERIFIES_EVERYBODY,
     .reply_name = "residential_address.city"},
    {FIELD_STATE, .member = "address_state", .slot = 13, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY, .reply_name = "residential_address.subdivision"},
    {FIELD_POSTAL_CODE, .member = "address_zip_code", .slot = 14, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY, .reply_name = "residential_address.postal_code"},
    {FIELD_COUNTRY, .member = "address_country", .form = PAYLOAD_ALPHA3, .slot = 15, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY, .warned_countries = restricted,
     .reply_name = "residential_address.country"},
    {FIELD_VERIFICATION_MODE, .member = "verification_mode", .slot = 16, .update = UPDATE_VALUE,
     .values = verification_modes},
    {FIELD_REDIRECT_URI, .member = "redirect_uri", .slot = 17, .update = UPDATE_VALUE},
    {FIELD_LANGUAGE, .member = "language", .slot = 18, .update = UPDATE_VALUE, .values = languages},
    {FIELD_PEP_STATUS, .member = "pep_status", .form = PAYLOAD_BOOL, .slot = 19, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY},
    {FIELD_OCCUPATION, .member = "occupation", .slot = 20, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY},
    {FIELD_EMPLOYMENT_STATUS, .member = "employment_status", .slot = 21, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY, .values = employment_statuses},
    {FIELD_EMPLOYER_NAME, .member = "current_employer", .slot = 22, .update = UPDATE_VALUE},
    {FIELD_INCOME_SOURCE, .member = "income_source", .slot = 23, .update = UPDATE_VALUE},
    {FIELD_IMMIGRATION_STATUS, .member = "immigration_status", .slot = 24, .update = UPDATE_VALUE,
     .values = immigration_statuses, .open_values = true},
    /* Sent with identifying_information, whose fields they are. */
    {FIELD_DOCUMENT_TYPE, .member = "document_type", .slot = DOCUMENT_SLOT, .copy = true},
    {FIELD_DOCUMENT_NUMBER, .member = "document_number", .slot = DOCUMENT_SLOT, .copy = true},
    {FIELD_DOCUMENT_COUNTRY, .member = "document_country", .form = PAYLOAD_ALPHA3, .slot = DOCUMENT_SLOT,
     .copy = true},
    {FIELD_SOURCE_OF_FUNDS, .member = "source_of_funds", .slot = 26, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY, .recommended = true, .values = sources_of_funds},
    {FIELD_ACCOUNT_PURPOSE, .member = "account_purpose", .slot = 27, .update = UPDATE_VALUE,
     .verifies = VERIFIES_EVERYBODY, .recommended = true, .values = account_purposes},
    {FIELD_EXPECTED_MONTHLY_PAYMENTS, .member = "expected_monthly_payments", .slot = 28,
     .update = UPDATE_VALUE, .verifies = VERIFIES_ABROAD},
    {FIELD_EXPECTED_MONTHLY_VOLUME, .member = "expected_monthly_volume", .slot = 29, .update = UPDATE_VALUE,
     .values = monthly_volumes},
    {FIELD_EXPECTED_TRANSACTION_COUNT, .member = "expected_transaction_count", .slot = 30,
     .update = UPDATE_VALUE, .values = transaction_counts},
    {FIELD_NONE, .member = "additional_info", .group = FIELD_GROUP_ADDITIONAL_INFO, .slot = 31,
     .update = UPDATE_VALUE, .yes_no = true},
    {FIELD_GOVERNMENT_DOCUMENT_TYPE, .member = "government_document_type", .slot = 33,
     .update = UPDATE_VALUE},
    {FIELD_KYC_ID, .member = "kyc_id", .slot = 34, .update = UPDATE_VALUE},
    /* metadata always has the key, by which a look-up distinguishes our users from others with the same
     * address. */
    {FIELD_EXTERNAL_ID, .member = "metadata", .key = "external_id", .slot = METADATA_SLOT, .copy = true},
    {FIELD_NONE, .member = "metadata", .group = FIELD_GROUP_METADATA, .slot = METADATA_SLOT,
     .update = UPDATE_VALUE},
    /* A document is sent whole, so a change of any part of it is one change. */
    {FIELD_DOCUMENT_TYPE, .member = "identifying_information", .key = "type", .slot = DOCUMENT_SLOT,
     .update = UPDATE_VALUE, .heads_member = true},
    {FIELD_DOCUMENT_COUNTRY, .member = "identifying_information", .key = "issuing_country",
     .form = PAYLOAD_ALPHA3, .slot = DOCUMENT_SLOT, .update = UPDATE_VALUE},
    {FIELD_DOCUMENT_NUMBER, .member = "identifying_information", .key = "number", .slot = DOCUMENT_SLOT,
     .update = UPDATE_VALUE},
    {FIELD_DOCUMENT_EXPIRY, .member = "identifying_information", .key = "expiration", .slot = DOCUMENT_SLOT,
     .update = UPDATE_VALUE},
    {FIELD_DOCUMENT_FRONT, .member = "identifying_information", .key = "documents", .form = PAYLOAD_OWN,
     .slot = DOCUMENT_SLOT, .update = UPDATE_VALUE},
    {FIELD_DOCUMENT_BACK, .member = "identifying_information", .key = "documents", .form = PAYLOAD_OWN,
     .slot = DOCUMENT_SLOT, .update = UPDATE_VALUE},
    {FIELD_NONE, .member = "identifying_information", .group = FIELD_GROUP_DOCUMENTS, .form = PAYLOAD_OWN,
     .slot = DOCUMENT_SLOT, .update = UPDATE_VALUE, .verifies = VERIFIES_EVERYBODY},
    {FIELD_NATIONAL_ID, .member = "identifying_information", .form = PAYLOAD_ENTRY, .slot = DOCUMENT_SLOT,
     .update = UPDATE_VALUE},
    {FIELD_TAX_ID, .member = "identifying_information", .form = PAYLOAD_ENTRY, .slot = DOCUMENT_SLOT,
     .update = UPDATE_VALUE},
    {FIELD_TAX_COUNTRY, .member = "identifying_information", .form = PAYLOAD_ENTRY, .slot = DOCUMENT_SLOT,
     .update = UPDATE_VALUE},
};

static const struct provider_omitted omitted[] = {
    {"residential_address", "it says the same as the members address_*"},
    {"documents", "the provider's page does not say what it holds; documents are in identifying_information"},
    {"status", "it is for users that exist"},
    {NULL, NULL},
};

static const struct provider_fields fields = {
    .omitted = omitted, .fields = rows, .field_count = sizeof rows / sizeof *rows, .slot_count = 35};

#define API_KEY   "api_key"
#define CLIENT_ID "client_id"
#define PASSWORD  "password"

static const struct provider_credential credentials[] = {
    {
        .name = API_KEY,
        .kind = PROVIDER_CREDENTIAL_KEY,
        .example = "KIRA_API_KEY",
        .sent = "header x-api-key",
        .locks = true,
        .help = "the API key",
    },
    {
        .name = CLIENT_ID,
        .kind = PROVIDER_CREDENTIAL_TEXT,
        .example = "KIRA_CLIENT_ID",
        .sent = "body of POST /auth",
        .locks = true,
        .help = "the client that logs in",
    },
    {
        .name = PASSWORD,
        .kind = PROVIDER_CREDENTIAL_TEXT,
        .example = "KIRA_PASSWORD",
        .sent = "body of POST /auth",
        .help = "the client's password",
    },
    {0},
};

static const struct provider_setting settings[] = {
    VERSION_HEADER_SETTINGS("X-Api-Version", "2026-04-14", false),
    {
        .name = SETTING_IDEMPOTENCY_WINDOW,
        .kind = PROVIDER_SETTING_DURATION,
        .min = CLOCK_NS_PER_HOUR,
        .max = 24 * CLOCK_NS_PER_HOUR,
        .standard = "24h",
        .help = "how long a create may be repeated under its key",
        .example = "12h",
        .is_uncertain = true,
    },
    PROVIDER_SETTINGS_DOCUMENTS,
    PROVIDER_SETTINGS_LINKS,
    {0},
};

static struct provider_account *kira_account_new(const struct job_credentials *set)
{
    struct kira_account *account = memory_new(1, sizeof *account);
    account->api_key = credentials_copy(set, API_KEY);
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
    const struct job_credentials *set = call->job->provider.credentials;
    struct json_writer writer;
    request_target_begin(call, "POST", "/auth", request);
    json_write_begin(&writer, &request->body);
    json_write_object(&writer);
    json_write_key(&writer, "client_id");
    json_write_string(&writer, secret_slice(job_credential(set, CLIENT_ID)));
    json_write_key(&writer, "password");
    json_write_string(&writer, secret_slice(job_credential(set, PASSWORD)));
    json_write_object_end(&writer);
}

/* (?) No page of ours has the request; it is second hand. */
static void build_link(const struct provider_call *call, struct provider_request *request)
{
    struct json_writer writer;
    request_target_begin(call, "POST", "/v1/users/", request);
    request_target_add_encoded(request, slice_from(call->user_id));
    request_target_add(request, "/verifications");
    json_write_begin(&writer, &request->body);
    json_write_object(&writer);
    json_write_key(&writer, "type");
    json_write_text(&writer, "embedded-link");
    if (call->redirect_uri)
        json_write_member(&writer, "redirect_uri", slice_from(call->redirect_uri));
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
    snprintf(page, sizeof page, "&limit=%d&offset=%" PRIu32, PAGE_USERS, call->offset);
    request_target_add(request, page);
}

static void build_list(const struct provider_call *call, struct provider_request *request)
{
    char page[64];
    snprintf(page, sizeof page, "/v1/users?limit=%d&offset=%" PRIu32, PAGE_USERS, call->offset);
    request_target_begin(call, "GET", page, request);
}

static const char *kira_build(const struct provider_call *call, struct provider_request *request)
{
    switch (call->operation) {
    case OPERATION_CREATE:
        request_target_begin(call, "POST", "/v1/users", request);
        return kira_payload_write(&fields, call, &request->body);
    case OPERATION_UPDATE:
        request_target_begin(call, "PUT", "/v1/users/", request);
        request_target_add_encoded(request, slice_from(call->user_id));
        return kira_payload_write(&fields, call, &request->body);
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
    case OPERATION_LINK:
        build_link(call, request);
        return NULL;
    case OPERATION_LIST:
        build_list(call, request);
        return NULL;
    case OPERATION_DOCUMENT:
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
    version_header_add(call->job, headers);
    provider_headers_add(headers, "x-api-key", account->api_key.data);
    if (call->operation != OPERATION_LOGIN && account->token.len > 0)
        credentials_add_bearer(&account->token, headers);
    if (call->idempotency_key && (call->operation == OPERATION_CREATE || call->operation == OPERATION_LINK))
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
    struct slice external_id = remote_user_external_id(&fields, nodes, index);
    if (external_id.len > 0)
        user->external_id = arena_copy(arena, external_id);
    remote_user_read_values(&fields, nodes, index, false, arena, user);
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

static const char *const exists_codes[] = {"idempotency_key_reused", "IDEMPOTENCY_CONFLICT",
                                           "resource_conflict", NULL};

static const struct outcome_row own_rows[] = {
    {401, 401, OUTCOME_FACT_BROKEN, OUTCOME_FACT_LOGIN, OUTCOME_STOP, RETRY_AUTH,
     "the provider refuses the token of a login that it has just accepted; check provider.credentials and this machine's clock",
     false},
    {401, 401, 0, OUTCOME_FACT_LOGIN, OUTCOME_BAD_TOKEN, RETRY_AUTH, NULL, false},
    {403, 403, OUTCOME_FACT_UPDATE | OUTCOME_FACT_PROVEN, OUTCOME_FACT_GATEWAY, OUTCOME_REFUSED, 0, NULL,
     true},
    {409, 409, OUTCOME_FACT_EXISTS | OUTCOME_FACT_DOUBT,
     OUTCOME_FACT_UPDATE | OUTCOME_FACT_QUESTION | OUTCOME_FACT_TASK, OUTCOME_EXISTS, 0, NULL, false},
    {409, 409, 0, OUTCOME_FACT_LOGIN, OUTCOME_REFUSED, 0, NULL, false},
};

/* (?) The name of the member is open. */
static const char *const link_paths[] = {"verification_link", "url",       "link", "data.verification_link",
                                         "data.url",          "data.link", NULL};

static const struct outcome_table outcomes = {
    .rows = own_rows,
    .row_count = sizeof own_rows / sizeof *own_rows,
    .exists_codes = exists_codes,
    .read_success = kira_read_success,
    .updated_member = "updated_fields",
    .link_paths = link_paths,
    .link_user = "user_id",
    .link_member = "verification_link",
    .link_error_member = "verification_link_error",
    .link_mode = "verification_link",
    .triggered_member = "verification_triggered",
    .read_existing = kira_read_existing,
};

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

static const char *const verification_reasons[] = {"missing_fields[]", NULL};

const struct provider kira_provider = {
    .name = "kira",
    .base_url = "https://api.balampay.com",
    .credentials = credentials,
    .settings = settings,
    .rate = {.count = 10, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 2,
    .has_login = true,
    .can_update = true,
    .makes_links = true,
    .has_link_keys = true,
    .recovery = PROVIDER_RECOVERY_LOOK_UP,
    .recovery_help = "repeated with the same idempotency key while that is valid, later looked up by e-mail",
    .list_page = PAGE_USERS,
    .fields = &fields,
    .verification_words = verification_words,
    .verification_reasons = verification_reasons,
    .account_new = kira_account_new,
    .account_free = kira_account_free,
    .build = kira_build,
    .authenticate = kira_authenticate,
    .read_token = kira_read_token,
    .find_users = remote_user_find_list,
    .read_user = kira_read_user,
    .outcomes = &outcomes,
};
