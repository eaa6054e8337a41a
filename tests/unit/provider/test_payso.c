#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "provider/payso.h"
#include "unit/job_parts.h"
#include "unit/provider/judging.h"
#include "unit/provider/same_json.h"

enum { BODY_MAX = 64 * 1024 };

/* The example on the page of POST /users; its person is the page's own. */
static void fill(struct sample *sample)
{
    memset(sample, 0, sizeof *sample);
    sample_set(sample, FIELD_EXTERNAL_ID, "C-1");
    sample_set(sample, FIELD_FIRST_NAME, "Marco");
    sample_set(sample, FIELD_LAST_NAME, "Pierre White");
    sample_set(sample, FIELD_EMAIL, "marco@example.com");
    sample_set(sample, FIELD_DATE_OF_BIRTH, "1985-12-11");
    sample_set(sample, FIELD_ADDRESS_LINE1, "2 Bellevue Road");
    sample_set(sample, FIELD_ADDRESS_LINE2, "Wandsworth Common");
    sample_set(sample, FIELD_CITY, "London");
    sample_set(sample, FIELD_STATE, "London");
    sample_set(sample, FIELD_POSTAL_CODE, "SW177EG");
    sample_set(sample, FIELD_COUNTRY, "GB");
    sample_set(sample, FIELD_NATIONALITIES,
               "GB\x1f"
               "FR");
    sample_set(sample, FIELD_PHONE, "+447700900386");
}

static void assert_body(const struct sample *sample, enum job_date_format format, const char *want)
{
    const struct job job = {.provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_DATE_FORMAT, format))}};
    const struct provider_call call = {
        .operation = OPERATION_CREATE, .job = &job, .record = &sample->record, .base_path = "/v1"};
    struct provider_request request = {.method = NULL};
    buffer_init(&request.body, BODY_MAX);
    assert_null(payso_provider.build(&call, &request));
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.target, "/v1/users");
    assert_same_json(buffer_slice(&request.body), want);
    buffer_clear(&request.body);
}

#define ADDRESS                                                                                              \
    "\"email\":\"marco@example.com\",\"address_line1\":\"2 Bellevue Road\",\"city\":\"London\","             \
    "\"state\":\"London\",\"postcode\":\"SW177EG\",\"country\":\"GB\",\"nationality\":\"GB\","               \
    "\"phone\":\"+447700900386\","

static void a_create_is_that_of_the_page(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
    assert_body(&sample, JOB_DATE_DMY,
                "{\"user\":{\"beneficiary_type\":\"individual\",\"first_name\":\"Marco\","
                "\"last_name\":\"Pierre White\",\"company_name\":null,\"date_of_birth\":\"11/12/1985\","
                "\"address_line2\":\"Wandsworth Common\"," ADDRESS
                "\"ssn\":null,\"source_of_funds\":null,\"business_activity\":null}}");
    sample_set(&sample, FIELD_CUSTOMER_TYPE, "business");
    sample_set(&sample, FIELD_COMPANY_NAME, "Example Ltd");
    sample_set(&sample, FIELD_NATIONAL_ID, "REG-1");
    sample_set(&sample, FIELD_SOURCE_OF_FUNDS, "Venture Capital");
    sample_set(&sample, FIELD_BUSINESS_ACTIVITY, "An API service");
    sample.values[FIELD_FIRST_NAME].state = sample.values[FIELD_LAST_NAME].state = VALUE_ABSENT;
    sample.values[FIELD_ADDRESS_LINE2].state = VALUE_ABSENT;
    assert_body(
        &sample, JOB_DATE_ISO,
        "{\"user\":{\"beneficiary_type\":\"business\",\"first_name\":null,\"last_name\":null,"
        "\"company_name\":\"Example Ltd\",\"date_of_birth\":\"1985-12-11\",\"address_line2\":null," ADDRESS
        "\"ssn\":\"REG-1\",\"source_of_funds\":\"Venture Capital\","
        "\"business_activity\":\"An API service\"}}");
}

static void every_request_carries_the_token(void **state)
{
    (void)state;
    struct job_credential items[JOB_PARTS_MAX];
    const struct job_credentials credentials =
        job_parts_credentials(items, "token", "test-token", (char *)NULL);
    struct provider_account *account = payso_provider.account_new(&credentials);
    const struct provider_call call = {.operation = OPERATION_LIST, .base_path = "/v1"};
    struct provider_request request = {.method = NULL};
    struct provider_headers headers = {.count = 0};
    buffer_init(&request.body, BODY_MAX);
    assert_null(payso_provider.build(&call, &request));
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.target, "/v1/users");
    payso_provider.authenticate(account, 0, &call, &request, &headers);
    assert_int_equal(headers.count, 1);
    assert_string_equal(headers.lines[0], "Authorization: Bearer test-token");
    buffer_append_text(&request.body, "{}");
    headers.count = 0;
    payso_provider.authenticate(account, 0, &call, &request, &headers);
    assert_string_equal(headers.lines[0], "Content-Type: application/json");
    buffer_clear(&request.body);
    payso_provider.account_free(account);
}

static void an_answer_becomes_an_outcome(void **state)
{
    (void)state;
    static const struct judged examples[] = {
        {.sentence = "created",
         .status = 200,
         .body = "{\"user\":{\"id\":\"a25a4274\"}}",
         .kind = OUTCOME_DONE,
         .user_id = "a25a4274"},
        {.sentence = "no user",
         .status = 200,
         .body = "{\"id\":\"x\"}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "there is one, as a code",
         .status = 422,
         .body = "{\"error\":{\"code\":\"record_not_unique\"}}",
         .kind = OUTCOME_EXISTS},
        {.sentence = "there is one, as a word",
         .status = 422,
         .body = "{\"error\":\"record_not_unique\"}",
         .kind = OUTCOME_EXISTS},
        {.sentence = "there is one, by field",
         .status = 422,
         .body = "{\"errors\":{\"email\":[\"record_not_unique\"]}}",
         .kind = OUTCOME_EXISTS},
        {.sentence = "another 422", .status = 422, .body = "{\"error\":\"bad\"}", .kind = OUTCOME_REFUSED},
        {.sentence = "a conflict", .status = 409, .body = "", .kind = OUTCOME_REFUSED},
        {.sentence = "a conflict after a doubt",
         .status = 409,
         .body = "",
         .in_doubt = true,
         .kind = OUTCOME_REFUSED},
        {.sentence = "a bad token", .status = 401, .body = "", .proven = true, .kind = OUTCOME_STOP},
        {.sentence = "forbidden", .status = 403, .body = "", .kind = OUTCOME_STOP},
        {.sentence = "forbidden later on",
         .status = 403,
         .body = "",
         .proven = true,
         .kind = OUTCOME_REFUSED},
        {.sentence = "a listing that breaks",
         .operation = OPERATION_LIST,
         .status = 500,
         .body = "",
         .kind = OUTCOME_NOT_SENT,
         .cause = RETRY_5XX},
        {.sentence = "a listing",
         .operation = OPERATION_LIST,
         .status = 200,
         .body = "{\"users\":[]}",
         .kind = OUTCOME_DONE},
    };
    check_judged(&payso_provider, examples, sizeof examples / sizeof *examples);
}

static void a_birth_date_is_read_as_it_was_written_or_as_iso(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        enum job_date_format format;
        const char *want;
    } examples[] = {
        {"\"11/12/1985\"", JOB_DATE_DMY, "1985-12-11"}, {"\"1985-12-11\"", JOB_DATE_DMY, "1985-12-11"},
        {"\"1985-12-11\"", JOB_DATE_ISO, "1985-12-11"}, {"\"11/12/1985\"", JOB_DATE_ISO, NULL},
        {"\"11.12.1985\"", JOB_DATE_DMY, NULL},         {"null", JOB_DATE_DMY, NULL},
        {"\"11/12/85\"", JOB_DATE_DMY, NULL},
    };
    struct json_reader *reader = json_reader_new();
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct job job = {
            .provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_DATE_FORMAT, examples[i].format))}};
        struct slice body = arena_printf(&arena,
                                         "{\"id\":\"u\",\"email\":\"m@example.com\",\"company_name\":"
                                         "\"Example  Ltd\",\"date_of_birth\":%s}",
                                         examples[i].written);
        struct json_fault fault;
        struct provider_user user;
        size_t count;
        const struct json_node *nodes = json_reader_parse(reader, body, &count, &fault);
        assert_true(payso_provider.read_user(nodes, 0, &job, &arena, &user));
        assert_true(slice_is(user.values[FIELD_COMPANY_NAME].text, "Example Ltd"));
        const struct value *date = &user.values[FIELD_DATE_OF_BIRTH];
        if ((date->state == VALUE_PRESENT) != (examples[i].want != NULL) ||
            (examples[i].want && !slice_is(date->text, examples[i].want)))
            fail_msg("%s", examples[i].written);
    }
    arena_clear(&arena);
    json_reader_free(reader);
}

static void credentials_are_a_token(void **state)
{
    (void)state;
    struct job_credential items[JOB_PARTS_MAX];
    struct job_credentials credentials = job_parts_credentials(items, "token", "t", (char *)NULL);
    const struct job job = {
        .path = "job.yaml",
        .provider = {.name = "payso", .credentials = &credentials, .credential_count = 1}};
    struct error error;
    assert_int_equal(provider_credentials_check(&job, &payso_provider, true, &error), 0);
    credentials = job_parts_credentials(items, "token", "open sesame", (char *)NULL);
    assert_int_equal(provider_credentials_check(&job, &payso_provider, true, &error), -1);
    assert_non_null(strstr(error.text, "not a token"));
    assert_null(strstr(error.text, "sesame"));
    credentials = job_parts_credentials(items, "api_key", "k", (char *)NULL);
    assert_int_equal(provider_credentials_check(&job, &payso_provider, true, &error), -1);
    assert_non_null(strstr(error.text, "no credentials.api_key: it has token"));
}

static void a_link_is_asked_for_by_user(void **state)
{
    (void)state;
    const struct provider_call call = {
        .operation = OPERATION_LINK, .base_path = "/v1", .user_id = "u-1", .redirect_uri = "https://x"};
    struct provider_request request = {.method = NULL};
    buffer_init(&request.body, BODY_MAX);
    assert_null(payso_provider.build(&call, &request));
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.target, "/v1/users/u-1/kycs");
    assert_same_json(buffer_slice(&request.body), "{}");
    buffer_clear(&request.body);
}

static void a_link_is_read_if_it_is_of_the_user(void **state)
{
    (void)state;
    static const struct judged examples[] = {
        {.sentence = "the answer of the page",
         .operation = OPERATION_LINK,
         .status = 200,
         .updated = "u-1",
         .body = "{\"kyc\":{\"user_id\":\"u-1\",\"url\":\"https://kyc.example.com/a\"}}",
         .kind = OUTCOME_DONE,
         .link = "https://kyc.example.com/a"},
        {.sentence = "without the user",
         .operation = OPERATION_LINK,
         .status = 201,
         .updated = "u-1",
         .body = "{\"kyc\":{\"url\":\"https://kyc.example.com/a\"}}",
         .kind = OUTCOME_DONE,
         .link = "https://kyc.example.com/a"},
        {.sentence = "another user's",
         .operation = OPERATION_LINK,
         .status = 200,
         .updated = "u-1",
         .body = "{\"kyc\":{\"user_id\":\"u-2\",\"url\":\"https://kyc.example.com/a\"}}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "without a link",
         .operation = OPERATION_LINK,
         .status = 200,
         .updated = "u-1",
         .body = "{\"kyc\":{\"user_id\":\"u-1\",\"url\":null}}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "a 422, whatever its code",
         .operation = OPERATION_LINK,
         .status = 422,
         .updated = "u-1",
         .body = "{\"error\":{\"code\":\"record_not_unique\"}}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "a conflict",
         .operation = OPERATION_LINK,
         .status = 409,
         .updated = "u-1",
         .body = "{\"code\":\"conflict\"}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "an error of the server",
         .operation = OPERATION_LINK,
         .status = 500,
         .body = "",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
    };
    check_judged(&payso_provider, examples, sizeof examples / sizeof *examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_create_is_that_of_the_page),
        cmocka_unit_test(every_request_carries_the_token),
        cmocka_unit_test(an_answer_becomes_an_outcome),
        cmocka_unit_test(a_birth_date_is_read_as_it_was_written_or_as_iso),
        cmocka_unit_test(credentials_are_a_token),
        cmocka_unit_test(a_link_is_asked_for_by_user),
        cmocka_unit_test(a_link_is_read_if_it_is_of_the_user),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("payso", tests, NULL, NULL);
}
