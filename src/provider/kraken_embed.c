#include "provider/kraken_embed.h"

#include "core/clock.h"
#include "provider/fields.h"
#include "provider/outcome_table.h"
#include "provider/payload.h"
#include "provider/rest_requests.h"
#include "provider/signing.h"
#include "provider/version_header.h"

static const struct payload_row rows[] = {
    {"email", NULL, FIELD_EMAIL, PAYLOAD_TEXT},
    {"external_id", NULL, FIELD_EXTERNAL_ID, PAYLOAD_TEXT},
    {"tos_version_accepted", NULL, FIELD_TOS_VERSION, PAYLOAD_INTEGER},
    {"full_name", "first_name", FIELD_FIRST_NAME, PAYLOAD_TEXT},
    {"full_name", "middle_name", FIELD_MIDDLE_NAME, PAYLOAD_TEXT},
    {"full_name", "last_name", FIELD_LAST_NAME, PAYLOAD_TEXT},
    {"date_of_birth", NULL, FIELD_DATE_OF_BIRTH, PAYLOAD_TEXT},
    {"city_of_birth", NULL, FIELD_BIRTH_CITY, PAYLOAD_TEXT},
    {"country_of_birth", NULL, FIELD_BIRTH_COUNTRY, PAYLOAD_TEXT},
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
    {"client_identifier", NULL, FIELD_CLIENT_IDENTIFIER, PAYLOAD_CONCAT},
    {"tax_ids", NULL, FIELD_TAX_ID, PAYLOAD_TAX_IDS},
    {"language", NULL, FIELD_LANGUAGE, PAYLOAD_TEXT},
};

#define NULLABLE_MEMBERS                                                                                     \
    (FIELDS_BIT(KRAKEN_EMBED_PHONE) | FIELDS_BIT(KRAKEN_EMBED_NATIONALITIES) |                               \
     FIELDS_BIT(KRAKEN_EMBED_TAX_IDS) | FIELDS_BIT(KRAKEN_EMBED_EMPLOYER_NAME) |                             \
     FIELDS_BIT(KRAKEN_EMBED_OCCUPATION) | FIELDS_BIT(KRAKEN_EMBED_LANGUAGE))
#define UPDATE_MEMBERS                                                                                       \
    ((FIELDS_BIT(KRAKEN_EMBED_COUNT) - 1) &                                                                  \
     ~(FIELDS_BIT(KRAKEN_EMBED_EMAIL) | FIELDS_BIT(KRAKEN_EMBED_EXTERNAL_ID)))

static const struct payload payload = {
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .fields = &kraken_embed_fields,
    .nullable = NULLABLE_MEMBERS,
};

static const struct version_header version = {"Payward-Version", "2025-04-15"};

static int kraken_embed_check_job(const struct job *job, bool with_secrets, struct error *error)
{
    if (version_header_check_job(&version, job, error) != 0)
        return -1;
    return signing_check_job(job, with_secrets, error);
}

static const char *kraken_embed_build(const struct provider_call *call, struct provider_request *request)
{
    rest_requests_build("/b2b/users", &payload, call, request);
    return NULL;
}

static void kraken_embed_authenticate(struct provider_account *account, uint64_t nonce,
                                      const struct provider_call *call,
                                      const struct provider_request *request,
                                      struct provider_headers *headers)
{
    signing_authenticate(account, nonce, call, request, headers);
    version_header_add(&version, call->job, headers);
}

static bool kraken_embed_read_success(const struct reply_body *body, enum operation operation,
                                      struct slice *user_id)
{
    if (operation == OPERATION_UPDATE)
        return slice_is(reply_body_value(body, "result"), "success");
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
    .fields = &kraken_embed_fields,
    .read_success = kraken_embed_read_success,
    .read_existing = kraken_embed_read_existing,
};

static void kraken_embed_classify(const struct provider_reply *reply, const struct record *record,
                                  struct outcome *outcome)
{
    outcome_table_classify(&outcomes, reply, record, outcome);
}

static const struct provider_word verification_words[] = {
    {"status.state", "ok", VERIFICATION_VERIFIED, false},
    {"status.state", "disabled", VERIFICATION_ACTION_NEEDED, true},
    {"status.state", "closed", VERIFICATION_REJECTED, true},
    {"status.required_actions[].action_type", "verification", VERIFICATION_ACTION_NEEDED, false},
    {"status.required_actions[].action_type", "provide_details", VERIFICATION_ACTION_NEEDED, true},
    {"status.required_actions[].action_type", "wait", VERIFICATION_PENDING, true},
    {0},
};

const struct provider kraken_embed_provider = {
    .name = "kraken-embed",
    .base_url = "https://nexus.kraken.com",
    .credentials = "{api_key: env:KRAKEN_API_KEY, api_secret: env:KRAKEN_API_SECRET}",
    .rate = {.count = 10, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 1,
    .is_signed = true,
    .can_update = true,
    .recovery = PROVIDER_RECOVERY_REPEAT,
    .update_members = UPDATE_MEMBERS,
    .nullable_members = NULLABLE_MEMBERS,
    .fields = &kraken_embed_fields,
    .verification_words = verification_words,
    .check_job = kraken_embed_check_job,
    .account_new = signing_account_new,
    .account_free = signing_account_free,
    .build = kraken_embed_build,
    .authenticate = kraken_embed_authenticate,
    .read_user = rest_requests_read_user,
    .classify = kraken_embed_classify,
};
