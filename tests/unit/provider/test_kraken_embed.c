#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "provider/kraken_embed.h"
#include "provider/version_header.h"
#include "unit/job_parts.h"
#include "unit/provider/judging.h"
#include "unit/provider/members.h"
#include "unit/provider/records.h"
#include "unit/provider/same_json.h"

enum { BODY_MAX = 64 * 1024 };

#define REQUIRED                                                                                             \
    "\"email\":\"alex.morgan@example.com\",\"external_id\":\"partner-customer-9001\","                       \
    "\"tos_version_accepted\":123,\"date_of_birth\":\"1990-04-15\",\"phone\":\"+14155550110\","              \
    "\"occupation\":\"computers_and_it\",\"city_of_birth\":\"San Francisco\",\"country_of_birth\":\"US\","

static struct provider_request build(const struct provider_call *call)
{
    struct provider_request request = {.method = NULL};
    buffer_init(&request.body, BODY_MAX);
    assert_null(kraken_embed_provider.build(call, &request));
    return request;
}

static void a_create_has_the_members_of_the_page(void **state)
{
    (void)state;
    struct sample sample;
    sample_fill(&sample);
    sample_set(&sample, FIELD_TOS_VERSION, "123");
    struct provider_call call = {
        .operation = OPERATION_CREATE, .record = &sample.record, .base_path = "", .journalled_ns = 0};
    struct provider_request request = build(&call);
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.target, "/b2b/users");
    assert_same_json(
        buffer_slice(&request.body),
        "{" REQUIRED "\"full_name\":{\"first_name\":\"Alex\",\"last_name\":\"Morgan\"},"
        "\"residence\":{\"line1\":\"1 Market St\",\"city\":\"San Francisco\",\"postal_code\":\"94103\","
        "\"country\":\"US\"},\"nationalities\":[\"US\"]}");
    buffer_clear(&request.body);

    sample_fill_all(&sample);
    sample_set(&sample, FIELD_TOS_VERSION, "123");
    sample_set(&sample, FIELD_CLIENT_IDENTIFIER, "19900415ALEX#MORGA");
    request = build(&call);
    assert_same_json(
        buffer_slice(&request.body),
        "{" REQUIRED
        "\"full_name\":{\"first_name\":\"Alex\",\"middle_name\":\"Quinn\",\"last_name\":\"Morgan\"},"
        "\"residence\":{\"line1\":\"1 Market St\",\"line2\":\"Floor \\\"5\\\"\",\"city\":\"San Francisco\","
        "\"province\":\"CA\",\"postal_code\":\"94103\",\"country\":\"US\"},"
        "\"nationalities\":[\"US\",\"DE\"],\"employer_name\":\"Müller & Söhne\","
        "\"client_identifier\":{\"type\":\"concat\",\"value\":\"19900415ALEX#MORGA\","
        "\"calculated_at\":\"1970-01-01T00:00:00.000Z\"},"
        "\"tax_ids\":[{\"id\":\"900-70-0001\",\"issuing_country\":\"US\"},"
        "{\"id\":\"12 345\",\"issuing_country\":\"DE\"}],\"language\":\"en\"}");
    buffer_clear(&request.body);
}

static void the_id_of_an_update_is_percent_encoded(void **state)
{
    (void)state;
    static const struct {
        const char *id, *target;
    } examples[] = {
        {"AA95 N84G TW2H 6VPM", "/x/b2b/users/AA95%20N84G%20TW2H%206VPM"},
        {"a/../b?c#d%e", "/x/b2b/users/a%2F..%2Fb%3Fc%23d%25e"},
        {"A-z_0.9~", "/x/b2b/users/A-z_0.9~"},
    };
    struct sample sample;
    sample_fill(&sample);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct provider_call call = {
            .operation = OPERATION_UPDATE,
            .record = &sample.record,
            .base_path = "/x",
            .user_id = examples[i].id,
            .members = members_of(kraken_embed_provider.fields, "city_of_birth employer_name")};
        struct provider_request request = build(&call);
        assert_string_equal(request.method, "PATCH");
        assert_string_equal(request.target, examples[i].target);
        assert_same_json(buffer_slice(&request.body),
                         "{\"city_of_birth\":\"San Francisco\",\"employer_name\":null}");
        buffer_clear(&request.body);
    }
    const struct provider_fields *fields = kraken_embed_provider.fields;
    assert_int_equal(members_with(fields, UPDATE_CLEAR),
                     members_of(fields, "phone nationalities tax_ids employer_name occupation language"));
    assert_int_equal(members_with(fields, UPDATE_NEVER) & ~members_with(fields, UPDATE_VALUE),
                     members_of(fields, "email external_id"));
}

/* The published vector of Kraken's REST guide, its path split into that of a base URL and the rest: what is
 * signed is the target as it is sent. */
static void a_target_with_a_base_path_and_a_query_is_signed_as_it_is(void **state)
{
    (void)state;
    struct job_credential items[JOB_PARTS_MAX];
    const struct job_credentials credentials = job_parts_credentials(
        items, "api_key", "test-key", "api_secret",
        "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==",
        (char *)NULL);
    struct provider_account *account = kraken_embed_provider.account_new(&credentials);
    struct error error;
    struct job job = {.provider = {JOB_SETTINGS(JOB_TEXT(SETTING_VERSION_HEADER, "Kraken-Version"),
                                                JOB_TEXT(SETTING_VERSION, "2026-01-01"))}};
    const struct provider_call call = {.operation = OPERATION_CREATE, .job = &job};
    struct provider_request request = {.method = "POST", .target = "/0/private/AddOrder"};
    struct provider_headers headers = {.count = 0};
    buffer_init(&request.body, BODY_MAX);
    buffer_append_text(&request.body,
                       "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25");
    kraken_embed_provider.authenticate(account, UINT64_C(1616492376594), &call, &request, &headers);
    assert_int_equal(headers.count, 5);
    assert_string_equal(
        headers.lines[3],
        "API-Sign: "
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==");
    assert_string_equal(headers.lines[4], "Kraken-Version: 2026-01-01");

    /* python3: hmac.new(b64decode(secret), target + sha256(nonce).digest(), sha512) */
    assert_int_equal(provider_settings_read(&job, &kraken_embed_provider, &error), 0);
    snprintf(request.target, sizeof request.target, "%s", "/sandbox/b2b/users?external_id=a%20b&limit=1");
    buffer_reset(&request.body);
    headers.count = 0;
    kraken_embed_provider.authenticate(account, UINT64_C(1616492376594), &call, &request, &headers);
    assert_string_equal(
        headers.lines[3],
        "API-Sign: LX4mQM+b0AU0ZTpGaHIoFEo4Gppw5YBsEzky45H4avCTxiPsBLiyVgndflZMAA70zKSS9ohgUJFqeZcUGycSgw==");
    assert_string_equal(headers.lines[4], "Payward-Version: 2025-04-15");
    buffer_clear(&request.body);
    kraken_embed_provider.account_free(account);
    arena_clear(&job.arena);
}

static void an_answer_becomes_an_outcome(void **state)
{
    (void)state;
    static const struct judged examples[] = {
        {.sentence = "created",
         .status = 201,
         .body = "{\"result\":{\"user\":\"AA95 N84G TW2H 6VPM\"}}",
         .kind = OUTCOME_DONE,
         .user_id = "AA95 N84G TW2H 6VPM"},
        {.sentence = "an error beside the id",
         .status = 201,
         .body = "{\"error\":[\"E\"],\"result\":{\"user\":\"A\"}}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "another provider's success",
         .status = 201,
         .body = "{\"data\":{\"id\":\"A\"}}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "updated",
         .operation = OPERATION_UPDATE,
         .status = 200,
         .body = "{\"result\":\"success\"}",
         .kind = OUTCOME_DONE},
        {.sentence = "not updated",
         .operation = OPERATION_UPDATE,
         .status = 200,
         .body = "{\"result\":\"other\"}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "exists", .status = 409, .body = "{\"error\":[\"exists\"]}", .kind = OUTCOME_EXISTS},
        {.sentence = "exists with its id",
         .status = 409,
         .body = "{\"error\":[\"exists\"],\"result\":{\"user\":\"A B\"}}",
         .kind = OUTCOME_EXISTS,
         .user_id = "A B"},
        {.sentence = "a conflict of an update",
         .operation = OPERATION_UPDATE,
         .status = 409,
         .body = "",
         .kind = OUTCOME_REFUSED},
        {.sentence = "an old nonce",
         .status = 401,
         .body = "{\"error\":[\"EAPI:Invalid nonce\"]}",
         .kind = OUTCOME_BAD_NONCE},
        {.sentence = "a bad key",
         .status = 401,
         .body = "{\"error\":[\"EAPI:Invalid key\"]}",
         .kind = OUTCOME_STOP},
        {.sentence = "a fetch of nobody",
         .operation = OPERATION_FETCH,
         .status = 404,
         .body = "",
         .kind = OUTCOME_REFUSED},
        {.sentence = "a fetch without an answer",
         .operation = OPERATION_FETCH,
         .body = "",
         .kind = OUTCOME_NOT_SENT,
         .cause = RETRY_TIMEOUT},
    };
    check_judged(&kraken_embed_provider, examples, sizeof examples / sizeof *examples);
}

static void the_version_header_is_held_to_its_form(void **state)
{
    (void)state;
    static const struct {
        bool is_name;
        const char *text, *want;
    } examples[] = {
        {true, "Kraken-Version", NULL},
        {false, "2025-04-15", NULL},
        {true, "Kraken Version", "is not the name of a header"},
        {true, "", "is not the name of a header"},
        {true, "API-Sign", "may not be API-Sign: the requests carry that already"},
        {false, "2025 04", "is not a version"},
        {false, "a\r\nb", "is not a version"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char fault[PROVIDER_SETTINGS_FAULT_SIZE];
        bool is_valid = examples[i].is_name ? version_header_accepts_name(examples[i].text, fault)
                                            : version_header_accepts_value(examples[i].text, fault);
        assert_int_equal(is_valid, !examples[i].want);
        if (examples[i].want && strncmp(fault, examples[i].want, strlen(examples[i].want)) != 0)
            fail_msg("%s", fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_create_has_the_members_of_the_page),
        cmocka_unit_test(the_id_of_an_update_is_percent_encoded),
        cmocka_unit_test(a_target_with_a_base_path_and_a_query_is_signed_as_it_is),
        cmocka_unit_test(an_answer_becomes_an_outcome),
        cmocka_unit_test(the_version_header_is_held_to_its_form),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("kraken_embed", tests, NULL, NULL);
}
