#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provider/kira.h"
#include "provider/kira_payload.h"
#include "unit/job_parts.h"
#include "unit/provider/judging.h"
#include "unit/provider/members.h"
#include "unit/provider/same_json.h"

/* 2,100 characters. */
#define LONG_100                                                                                             \
    "12345678901234567890123456789012345678901234567890"                                                     \
    "12345678901234567890123456789012345678901234567890"
#define LONG_500  LONG_100 LONG_100 LONG_100 LONG_100 LONG_100
#define LONG_TEXT LONG_500 LONG_500 LONG_500 LONG_500 LONG_100

enum { BODY_MAX = 10 * 1024 * 1024 };

struct person {
    struct record record;
    struct value values[FIELD_MAX];
};

static void set(struct person *person, enum field_id field, const char *text)
{
    person->record.values = person->values;
    person->values[field] = (struct value){slice_from(text), VALUE_PRESENT};
}

/* The example on the page of POST /v1/users. */
static void fill(struct person *person)
{
    memset(person, 0, sizeof *person);
    set(person, FIELD_EXTERNAL_ID, "C-1");
    set(person, FIELD_FIRST_NAME, "Maria");
    set(person, FIELD_LAST_NAME, "Gonzalez");
    set(person, FIELD_EMAIL, "maria.test+1@example.com");
}

static void fill_all(struct person *person)
{
    fill(person);
    set(person, FIELD_VERIFICATION_MODE, "automatic");
    set(person, FIELD_DATE_OF_BIRTH, "1990-05-15");
    set(person, FIELD_PHONE, "+525512345678");
    set(person, FIELD_NATIONALITIES,
        "MX\x1f"
        "US");
    set(person, FIELD_ADDRESS_LINE1, "Av. Reforma 123");
    set(person, FIELD_CITY, "Ciudad de Mexico");
    set(person, FIELD_STATE, "CDMX");
    set(person, FIELD_POSTAL_CODE, "06600");
    set(person, FIELD_COUNTRY, "MX");
    set(person, FIELD_DOCUMENT_TYPE, "passport");
    set(person, FIELD_DOCUMENT_NUMBER, "G12345678");
    set(person, FIELD_DOCUMENT_COUNTRY, "MX");
    set(person, FIELD_DOCUMENT_EXPIRY, "2030-05-15");
    set(person, FIELD_DOCUMENT_FRONT, "front.jpg");
    set(person, FIELD_DOCUMENT_BACK, "https://files.example.com/back.png");
    set(person, FIELD_IMMIGRATION_STATUS, "Non-Resident of U.S.");
    set(person, FIELD_EMPLOYMENT_STATUS, "employed");
    set(person, FIELD_EMPLOYER_NAME, "Self");
    set(person, FIELD_OCCUPATION, "Software Engineer");
    set(person, FIELD_ACCOUNT_PURPOSE, "receive_payments");
    set(person, FIELD_SOURCE_OF_FUNDS, "salary");
    set(person, FIELD_PEP_STATUS, "false");
    const struct slice own[] = {SLICE_LITERAL("additional_info.has_us_bank_account"),
                                SLICE_LITERAL("metadata.plan")};
    field_define(own, 2);
    set(person, FIELD_COUNT, "no");
    set(person, (enum field_id)(FIELD_COUNT + 1), "gold");
}

static char folder[64];
static struct job job = {.provider = {JOB_SETTINGS(JOB_TEXT(SETTING_DOCUMENTS, folder),
                                                   JOB_TEXT(SETTING_VERSION_HEADER, "X-Api-Version"),
                                                   JOB_TEXT(SETTING_VERSION, "2026-04-14"))}};

static int set_up(void **state)
{
    (void)state;
    char path[96];
    snprintf(folder, sizeof folder, "/tmp/test-kira-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/front.jpg", folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "\xff\xd8\xff\xe0", 4), 4);
    close(fd);
    snprintf(path, sizeof path, "%s/text.txt", folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"front.jpg", "text.txt", "large.pdf"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static const char *build(struct provider_call call, struct provider_request *request)
{
    request->method = NULL;
    buffer_init(&request->body, BODY_MAX);
    call.job = &job;
    call.base_path = "/sandbox";
    /* cppcheck-suppress returnDanglingLifetime ; what it returns is a constant text */
    return kira_provider.build(&call, request);
}

static void a_create_with_the_required_fields_has_no_more(void **state)
{
    (void)state;
    struct person person;
    struct provider_request request;
    fill(&person);
    field_define(NULL, 0);
    assert_null(
        build((struct provider_call){.operation = OPERATION_CREATE, .record = &person.record}, &request));
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.target, "/sandbox/v1/users");
    assert_same_json(buffer_slice(&request.body),
                     "{\"type\":\"individual\",\"first_name\":\"Maria\",\"last_name\":\"Gonzalez\","
                     "\"email\":\"maria.test+1@example.com\",\"external_id\":\"C-1\","
                     "\"metadata\":{\"external_id\":\"C-1\"}}");
    buffer_clear(&request.body);
}

#define INFORMATION                                                                                          \
    "\"identifying_information\":[{\"type\":\"passport\",\"issuing_country\":\"MEX\",\"number\":"            \
    "\"G12345678\","                                                                                         \
    "\"expiration\":\"2030-05-15\",\"documents\":[{\"type\":\"front\","                                      \
    "\"file\":\"data:image/jpeg;base64,/9j/4A==\"},{\"type\":\"back\","                                      \
    "\"file\":\"https://files.example.com/back.png\"}]}],"                                                   \
    "\"document_type\":\"passport\",\"document_number\":\"G12345678\",\"document_country\":\"MEX\""

static void a_full_create_is_that_of_the_page(void **state)
{
    (void)state;
    struct person person;
    struct provider_request request;
    fill_all(&person);
    assert_null(
        build((struct provider_call){.operation = OPERATION_CREATE, .record = &person.record}, &request));
    assert_same_json(
        buffer_slice(&request.body),
        "{\"type\":\"individual\",\"verification_mode\":\"automatic\",\"first_name\":\"Maria\","
        "\"last_name\":\"Gonzalez\",\"birth_date\":\"1990-05-15\",\"email\":\"maria.test+1@example.com\","
        "\"phone\":\"+525512345678\",\"nationality\":\"MEX\",\"address_street\":\"Av. Reforma 123\","
        "\"address_city\":\"Ciudad de Mexico\",\"address_state\":\"CDMX\",\"address_zip_code\":\"06600\","
        "\"address_country\":\"MEX\",\"immigration_status\":\"Non-Resident of U.S.\","
        "\"employment_status\":\"employed\",\"current_employer\":\"Self\",\"occupation\":\"Software "
        "Engineer\","
        "\"account_purpose\":\"receive_payments\",\"source_of_funds\":\"salary\",\"pep_status\":false,"
        "\"external_id\":\"C-1\"," INFORMATION ",\"additional_info\":{\"has_us_bank_account\":\"no\"},"
        "\"metadata\":{\"external_id\":\"C-1\",\"plan\":\"gold\"}}");
    buffer_clear(&request.body);
}

static void an_update_has_the_members_of_its_call_and_no_others(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        const char *members, *want;
    } examples[] = {
        {"a value", "phone", "{\"phone\":\"+525512345678\"}"},
        {"metadata, with the key", "metadata", "{\"metadata\":{\"external_id\":\"C-1\",\"plan\":\"gold\"}}"},
        {"a document, whole", "identifying_information", "{" INFORMATION "}"},
        {"what went away is left", "middle_name", "{}"},
    };
    struct person person;
    fill_all(&person);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct provider_request request;
        assert_null(
            build((struct provider_call){.operation = OPERATION_UPDATE,
                                         .record = &person.record,
                                         .user_id = "3c90c3cc-0d44",
                                         .members = members_of(kira_provider.fields, examples[i].members)},
                  &request));
        assert_string_equal(request.method, "PUT");
        assert_string_equal(request.target, "/sandbox/v1/users/3c90c3cc-0d44");
        print_message("# %s\n", examples[i].sentence);
        assert_same_json(buffer_slice(&request.body), examples[i].want);
        buffer_clear(&request.body);
    }
    const struct provider_fields *fields = kira_provider.fields;
    assert_int_equal(members_with(fields, UPDATE_NEVER) & ~members_with(fields, UPDATE_VALUE),
                     members_of(fields, "type external_id"));
    assert_int_equal(members_with(fields, UPDATE_CLEAR), 0);
}

static void a_document_that_cannot_be_sent_gives_a_reason(void **state)
{
    (void)state;
    char path[96];
    snprintf(path, sizeof path, "%s/large.pdf", folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "%PDF-", 5), 5);
    assert_int_equal(ftruncate(fd, KIRA_BODY_MAX / 4 * 3 - 100), 0);
    close(fd);
    static const struct {
        const char *document, *want;
    } examples[] = {
        {"none.jpg", "is not in provider.documents"},
        {"../../etc/passwd", "not a regular file inside provider.documents"},
        {"/etc/passwd", "not a regular file inside provider.documents"},
        {".", "not a regular file inside provider.documents"},
        {"text.txt", "neither JPEG nor PNG nor PDF"},
        {"large.pdf", "larger than 10 MB"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct person person;
        struct provider_request request;
        fill(&person);
        set(&person, FIELD_DOCUMENT_FRONT, examples[i].document);
        const char *fault =
            build((struct provider_call){.operation = OPERATION_CREATE, .record = &person.record}, &request);
        if (!fault || !strstr(fault, examples[i].want))
            fail_msg("%s: %s", examples[i].document, fault ? fault : "taken");
        buffer_clear(&request.body);
    }
}

static void a_question_has_its_target_and_no_body(void **state)
{
    (void)state;
    struct person person;
    struct provider_request request;
    fill(&person);
    assert_null(
        build((struct provider_call){.operation = OPERATION_LOOK_UP, .record = &person.record, .offset = 200},
              &request));
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.target,
                        "/sandbox/v1/users?email=maria.test%2B1%40example.com&limit=100&offset=200");
    assert_int_equal(request.body.len, 0);
    buffer_clear(&request.body);
    set(&person, FIELD_EMAIL, "Maria.Test@example.com");
    assert_null(build(
        (struct provider_call){.operation = OPERATION_LOOK_UP, .record = &person.record, .lower_email = true},
        &request));
    assert_string_equal(request.target,
                        "/sandbox/v1/users?email=maria.test%40example.com&limit=100&offset=0");
    buffer_clear(&request.body);
    assert_null(build((struct provider_call){.operation = OPERATION_FETCH, .user_id = "a/b"}, &request));
    assert_string_equal(request.target, "/sandbox/v1/users/a%2Fb");
    buffer_clear(&request.body);
}

static void a_link_leads_back_to_the_page_of_the_job(void **state)
{
    (void)state;
    struct provider_request request;
    assert_null(build((struct provider_call){.operation = OPERATION_LINK,
                                             .user_id = "3c90/3cc",
                                             .redirect_uri = "https://app.example.com/done"},
                      &request));
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.target, "/sandbox/v1/users/3c90%2F3cc/verifications");
    assert_same_json(buffer_slice(&request.body),
                     "{\"type\":\"embedded-link\",\"redirect_uri\":\"https://app.example.com/done\"}");
    buffer_clear(&request.body);
    assert_null(build((struct provider_call){.operation = OPERATION_LINK, .user_id = "u-1"}, &request));
    assert_same_json(buffer_slice(&request.body), "{\"type\":\"embedded-link\"}");
    buffer_clear(&request.body);
}

static void a_link_is_read_wherever_the_answer_has_it(void **state)
{
    (void)state;
    static const char long_link[] = "{\"url\":\"https://kyc.example.com/" LONG_TEXT "\"}";
    static const struct judged examples[] = {
        {.sentence = "verification_link",
         .operation = OPERATION_LINK,
         .status = 201,
         .body = "{\"id\":\"v-1\",\"verification_link\":\"https://kyc.example.com/a?t=1\"}",
         .kind = OUTCOME_DONE,
         .link = "https://kyc.example.com/a?t=1"},
        {.sentence = "url",
         .operation = OPERATION_LINK,
         .status = 200,
         .body = "{\"url\":\"https://kyc.example.com/b\"}",
         .kind = OUTCOME_DONE,
         .link = "https://kyc.example.com/b"},
        {.sentence = "link, in data",
         .operation = OPERATION_LINK,
         .status = 201,
         .body = "{\"data\":{\"link\":\"https://kyc.example.com/c\"}}",
         .kind = OUTCOME_DONE,
         .link = "https://kyc.example.com/c"},
        {.sentence = "the link of this user",
         .operation = OPERATION_LINK,
         .status = 201,
         .updated = "u-1",
         .body = "{\"user_id\":\"u-1\",\"url\":\"https://kyc.example.com/b\"}",
         .kind = OUTCOME_DONE,
         .link = "https://kyc.example.com/b"},
        {.sentence = "the link of another user",
         .operation = OPERATION_LINK,
         .status = 201,
         .updated = "u-1",
         .body = "{\"user_id\":\"u-2\",\"url\":\"https://kyc.example.com/b\"}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "no link",
         .operation = OPERATION_LINK,
         .status = 201,
         .body = "{\"id\":\"v-1\"}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "what is not a link",
         .operation = OPERATION_LINK,
         .status = 201,
         .body = "{\"url\":\"javascript:alert(1)\"}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "a link that is too long to be kept whole",
         .operation = OPERATION_LINK,
         .status = 201,
         .body = long_link,
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "a link beside an error",
         .operation = OPERATION_LINK,
         .status = 201,
         .body = "{\"url\":\"https://kyc.example.com/b\",\"error\":\"no\"}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "a verified user needs none",
         .operation = OPERATION_LINK,
         .status = 400,
         .body = "{\"code\":\"already_verified\"}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "the key with another body, of a link in doubt",
         .operation = OPERATION_LINK,
         .status = 409,
         .in_doubt = true,
         .body = "{\"code\":\"idempotency_key_reused\"}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "no user",
         .operation = OPERATION_LINK,
         .status = 404,
         .body = "{\"code\":\"not_found\"}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "an error of the server",
         .operation = OPERATION_LINK,
         .status = 503,
         .body = "",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "no answer",
         .operation = OPERATION_LINK,
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_TIMEOUT},
        {.sentence = "a token that is over",
         .operation = OPERATION_LINK,
         .status = 401,
         .body = "",
         .kind = OUTCOME_BAD_TOKEN,
         .cause = RETRY_AUTH},
        {.sentence = "too many",
         .operation = OPERATION_LINK,
         .status = 429,
         .body = "",
         .kind = OUTCOME_THROTTLED,
         .cause = RETRY_429},
    };
    check_judged(&kira_provider, examples, sizeof examples / sizeof *examples);
}

/* There is no record to compare it with. */
static void a_request_id_that_may_be_a_date_is_not_kept_of_a_link(void **state)
{
    (void)state;
    static const struct {
        const char *id, *want;
    } examples[] = {{"19520113", ""}, {"a@example.com", ""}, {"req-7f3a", "req-7f3a"}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct provider_reply reply = {
            .operation = OPERATION_LINK,
            .sent = true,
            .complete = true,
            .http_status = 422,
            .request_id = slice_from(examples[i].id),
            .body = SLICE_LITERAL("{\"code\":\"x\"}"),
        };
        struct outcome outcome;
        outcome_table_classify(&kira_provider, &reply, NULL, &outcome);
        assert_string_equal(outcome.request_id, examples[i].want);
    }
}

static void one_login_gives_the_token_of_all_requests(void **state)
{
    (void)state;
    struct job_credential items[JOB_PARTS_MAX];
    struct job_credentials credentials = job_parts_credentials(
        items, "api_key", "test-key", "client_id", "test-client", "password", "open\"sesame", (char *)NULL);
    struct provider_account *account = kira_provider.account_new(&credentials);
    struct provider_request request;
    struct provider_headers headers = {.count = 0};
    job.provider.credentials = &credentials;
    job.provider.credential_count = 1;
    assert_null(build((struct provider_call){.operation = OPERATION_LOGIN}, &request));
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.target, "/sandbox/auth");
    assert_same_json(buffer_slice(&request.body),
                     "{\"client_id\":\"test-client\",\"password\":\"open\\\"sesame\"}");
    struct provider_call call = {.operation = OPERATION_LOGIN, .job = &job};
    kira_provider.authenticate(account, 0, &call, &request, &headers);
    assert_int_equal(headers.count, 3);
    assert_string_equal(headers.lines[0], "Content-Type: application/json");
    assert_string_equal(headers.lines[1], "X-Api-Version: 2026-04-14");
    assert_string_equal(headers.lines[2], "x-api-key: test-key");

    static const struct {
        const char *body;
        uint64_t want;
    } logins[] = {
        {"{\"data\":{\"expires_in\":3600}}", 0},
        {"{\"data\":{\"access_token\":\"a b\",\"expires_in\":3600}}", 0},
        {"garbage", 0},
        {"{\"data\":{\"access_token\":\"t0\"}}", 3600},
        {"{\"data\":{\"access_token\":\"t1\",\"expires_in\":86400,\"token_type\":\"Bearer\"}}", 86400},
    };
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++)
        assert_true(kira_provider.read_token(account, slice_from(logins[i].body)) == logins[i].want);

    headers.count = 0;
    call = (struct provider_call){.operation = OPERATION_CREATE, .job = &job, .idempotency_key = "k-1"};
    kira_provider.authenticate(account, 0, &call, &request, &headers);
    assert_int_equal(headers.count, 5);
    assert_string_equal(headers.lines[3], "Authorization: Bearer t1");
    assert_string_equal(headers.lines[4], "Idempotency-Key: k-1");
    kira_provider.account_free(account);
    buffer_clear(&request.body);
    job.provider.credentials = NULL;
    job.provider.credential_count = 0;
}

static void an_answer_becomes_an_outcome(void **state)
{
    (void)state;
    static const struct judged examples[] = {
        {.sentence = "created",
         .status = 201,
         .body = "{\"id\":\"u-1\"}",
         .kind = OUTCOME_DONE,
         .user_id = "u-1"},
        {.sentence = "a replay",
         .status = 200,
         .body = "{\"id\":\"u-1\"}",
         .kind = OUTCOME_DONE,
         .user_id = "u-1"},
        {.sentence = "updated",
         .operation = OPERATION_UPDATE,
         .status = 200,
         .body = "{\"updated_fields\":[\"phone\"],\"requires_reverification\":false}",
         .kind = OUTCOME_DONE},
        {.sentence = "no id", .status = 200, .body = "{}", .kind = OUTCOME_IN_DOUBT, .cause = RETRY_5XX},
        {.sentence = "no answer", .body = "", .kind = OUTCOME_IN_DOUBT, .cause = RETRY_TIMEOUT},
        {.sentence = "a field that is blamed",
         .status = 400,
         .body = "{\"code\":\"validation_error\",\"details\":[{\"path\":\"address_country\",\"message\":"
                 "\"no\"}]}",
         .kind = OUTCOME_REFUSED,
         .field = "country"},
        {.sentence = "a part of one",
         .status = 422,
         .body = "{\"details\":[{\"path\":\"body.identifying_information[0].number\"}]}",
         .kind = OUTCOME_REFUSED,
         .field = "document_type"},
        {.sentence = "a path as an array, inside of error",
         .status = 400,
         .body = "{\"error\":{\"details\":[{\"path\":[\"phone\"]}]}}",
         .kind = OUTCOME_REFUSED,
         .field = "phone"},
        {.sentence = "a member that nobody knows",
         .status = 400,
         .body = "{\"details\":[{\"path\":\"documents\"}]}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "the token is over",
         .status = 401,
         .body = "{\"message\":\"Unauthorized\"}",
         .proven = true,
         .kind = OUTCOME_BAD_TOKEN,
         .cause = RETRY_AUTH},
        {.sentence = "the new one too, the first request",
         .status = 401,
         .body = "",
         .login_broken = true,
         .kind = OUTCOME_STOP},
        {.sentence = "the new one too, later in the run",
         .status = 401,
         .body = "",
         .login_broken = true,
         .proven = true,
         .kind = OUTCOME_STOP},
        {.sentence = "an old one is over, also of an update",
         .operation = OPERATION_UPDATE,
         .status = 401,
         .body = "{\"code\":\"token_expired\"}",
         .proven = true,
         .kind = OUTCOME_BAD_TOKEN,
         .cause = RETRY_AUTH},
        {.sentence = "a login that is refused",
         .operation = OPERATION_LOGIN,
         .status = 401,
         .body = "",
         .proven = true,
         .kind = OUTCOME_STOP},
        {.sentence = "a login that is forbidden later on",
         .operation = OPERATION_LOGIN,
         .status = 403,
         .body = "{\"code\":\"x\"}",
         .proven = true,
         .kind = OUTCOME_STOP},
        {.sentence = "a login that makes no sense",
         .operation = OPERATION_LOGIN,
         .status = 400,
         .body = "",
         .proven = true,
         .kind = OUTCOME_STOP},
        {.sentence = "a login that breaks",
         .operation = OPERATION_LOGIN,
         .status = 503,
         .body = "",
         .kind = OUTCOME_NOT_SENT,
         .cause = RETRY_5XX},
        {.sentence = "a login",
         .operation = OPERATION_LOGIN,
         .status = 200,
         .body = "{\"data\":{\"access_token\":\"t\"}}",
         .kind = OUTCOME_DONE},
        {.sentence = "forbidden", .status = 403, .body = "{\"code\":\"x\"}", .kind = OUTCOME_STOP},
        {.sentence = "forbidden later on",
         .status = 403,
         .body = "{\"code\":\"x\"}",
         .proven = true,
         .kind = OUTCOME_REFUSED},
        {.sentence = "the gateway's words",
         .status = 403,
         .body = "{\"message\":\"Forbidden\"}",
         .proven = true,
         .kind = OUTCOME_STOP},
        {.sentence = "the gateway's header",
         .status = 403,
         .body = "{\"code\":\"x\"}",
         .proven = true,
         .error_type = "ForbiddenException",
         .kind = OUTCOME_STOP},
        {.sentence = "more than the gateway's words",
         .status = 403,
         .body = "{\"message\":\"Forbidden\",\"code\":\"x\"}",
         .proven = true,
         .kind = OUTCOME_REFUSED},
        {.sentence = "an update of a verified user",
         .operation = OPERATION_UPDATE,
         .status = 403,
         .body = "{\"code\":\"user_verified\"}",
         .proven = true,
         .kind = OUTCOME_REFUSED,
         .no_update = true},
        {.sentence = "a key that has gone with other bytes",
         .status = 409,
         .body = "{\"code\":\"idempotency_key_reused\"}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "the same after a doubt",
         .status = 409,
         .body = "{\"code\":\"idempotency_key_reused\"}",
         .in_doubt = true,
         .kind = OUTCOME_EXISTS},
        {.sentence = "its other spelling",
         .status = 409,
         .body = "{\"error\":\"IDEMPOTENCY_CONFLICT\"}",
         .in_doubt = true,
         .kind = OUTCOME_EXISTS},
        {.sentence = "a conflict of resources",
         .status = 409,
         .body = "{\"error\":{\"code\":\"resource_conflict\"}}",
         .in_doubt = true,
         .kind = OUTCOME_EXISTS},
        {.sentence = "another conflict after a doubt",
         .status = 409,
         .body = "{\"code\":\"other\"}",
         .in_doubt = true,
         .kind = OUTCOME_REFUSED},
        {.sentence = "a look-up",
         .operation = OPERATION_LOOK_UP,
         .status = 200,
         .body = "{\"data\":[]}",
         .kind = OUTCOME_DONE},
        {.sentence = "a look-up that is cut",
         .operation = OPERATION_LOOK_UP,
         .status = 200,
         .body = "{\"data\":[",
         .kind = OUTCOME_NOT_SENT,
         .cause = RETRY_5XX},
        {.sentence = "a look-up too many",
         .operation = OPERATION_LOOK_UP,
         .status = 429,
         .body = "",
         .kind = OUTCOME_THROTTLED,
         .cause = RETRY_429},
        {.sentence = "a fetch of nobody",
         .operation = OPERATION_FETCH,
         .status = 404,
         .body = "",
         .kind = OUTCOME_REFUSED},
    };
    check_judged(&kira_provider, examples, sizeof examples / sizeof *examples);
}

static void a_user_is_read_at_every_known_path(void **state)
{
    (void)state;
#define MARIA                                                                                                \
    "{\"id\":\"u-1\",\"email\":\"Maria@Example.COM\",\"first_name\":\" Maria \",\"last_name\":null,"         \
    "\"birth_date\":\"1990-05-15T00:00:00Z\",\"metadata\":{\"external_id\":\"C-1\"}}"
    static const char *const bodies[] = {"[" MARIA "]", "{\"users\":[" MARIA "]}", "{\"data\":[" MARIA "]}",
                                         "{\"data\":{\"items\":[" MARIA "]},\"total\":1}",
                                         "{\"results\":[{\"user\":" MARIA "}]}"};
    struct json_reader *reader = json_reader_new();
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct json_fault fault;
        struct provider_user user;
        size_t count, index;
        const struct json_node *nodes = json_reader_parse(reader, slice_from(bodies[i]), &count, &fault);
        assert_true(kira_provider.find_users(nodes, &index));
        assert_int_equal(nodes[index].children, 1);
        assert_true(kira_provider.read_user(nodes, index + 1, &job, &arena, &user));
        assert_true(slice_is(user.id, "u-1"));
        assert_true(slice_is(user.external_id, "C-1"));
        assert_true(slice_is(user.values[FIELD_EMAIL].text, "Maria@example.com"));
        assert_true(slice_is(user.values[FIELD_FIRST_NAME].text, "Maria"));
        assert_int_equal(user.values[FIELD_LAST_NAME].state, VALUE_ABSENT);
        assert_true(slice_is(user.values[FIELD_DATE_OF_BIRTH].text, "1990-05-15"));
    }
    size_t count, position;
    struct json_fault fault;
    struct provider_user user;
    /* A day with another time of day than midnight may be the one before or after: it is not compared. */
    static const struct {
        const char *date, *want;
    } dates[] = {{"1990-05-15", "1990-05-15"},
                 {"1990-05-15T00:00:00.000Z", "1990-05-15"},
                 {"1990-05-15T00:00:00+02:00", "1990-05-15"},
                 {"1990-05-15T00:00", "1990-05-15"},
                 {"1990-05-14T22:00:00.000Z", NULL},
                 {"1990-05-15T00:00:01Z", NULL},
                 {"1990-05-15T", NULL},
                 {"1990-05-15T00", NULL},
                 {"1990-05-15T00:00x", NULL}};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        struct slice body = arena_printf(&arena, "{\"id\":\"u-1\",\"birth_date\":\"%s\"}", dates[i].date);
        const struct json_node *found = json_reader_parse(reader, body, &count, &fault);
        assert_true(kira_provider.read_user(found, 0, &job, &arena, &user));
        const struct value *value = &user.values[FIELD_DATE_OF_BIRTH];
        if (dates[i].want ? !slice_is(value->text, dates[i].want) : value->state != VALUE_ABSENT)
            fail_msg("%s", dates[i].date);
    }
    const struct json_node *nodes =
        json_reader_parse(reader, slice_from("{\"email\":\"x\"}"), &count, &fault);
    assert_false(kira_provider.find_users(nodes, &position));
    assert_false(kira_provider.read_user(nodes, 0, &job, &arena, &user));
    arena_clear(&arena);
    json_reader_free(reader);
}

static void credentials_are_held_to_their_form(void **state)
{
    (void)state;
    static const struct {
        const char *key, *client, *password, *secret, *want;
        size_t count;
    } examples[] = {
        {"k", "c", "p", NULL, NULL, 1},
        {NULL, "c", "p", NULL, "credentials.api_key is missing", 1},
        {"k", NULL, "p", NULL, "credentials.client_id is missing", 1},
        {"k", "c", NULL, NULL, "credentials.password is missing", 1},
        {"k", "c", "p", "opensesame", "no credentials.api_secret", 1},
        {"open sesame", "c", "p", NULL, "not an API key", 1},
        {"k", "c", "p", NULL, "one set of credentials", 2},
        {"k", "c", "p", NULL, "credentials is missing", 0},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct job_credential items[JOB_PARTS_MAX];
        struct job_credentials credentials[2] = {job_parts_credentials(
            items, "api_key", examples[i].key, "client_id", examples[i].client, "password",
            examples[i].password, "api_secret", examples[i].secret, (char *)NULL)};
        const struct job with = {
            .path = "job.yaml",
            .provider = {.name = "kira", .credentials = credentials, .credential_count = examples[i].count}};
        struct error error = {.scope = ERROR_NONE};
        assert_int_equal(provider_credentials_check(&with, &kira_provider, true, &error),
                         examples[i].want ? -1 : 0);
        if (examples[i].want && !strstr(error.text, examples[i].want))
            fail_msg("%s", error.text);
        assert_null(strstr(error.text, "sesame"));
        assert_int_equal(provider_credentials_check(&with, &kira_provider, false, &error), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_create_with_the_required_fields_has_no_more),
        cmocka_unit_test(a_full_create_is_that_of_the_page),
        cmocka_unit_test(an_update_has_the_members_of_its_call_and_no_others),
        cmocka_unit_test(a_document_that_cannot_be_sent_gives_a_reason),
        cmocka_unit_test(a_question_has_its_target_and_no_body),
        cmocka_unit_test(a_link_leads_back_to_the_page_of_the_job),
        cmocka_unit_test(a_link_is_read_wherever_the_answer_has_it),
        cmocka_unit_test(a_request_id_that_may_be_a_date_is_not_kept_of_a_link),
        cmocka_unit_test(one_login_gives_the_token_of_all_requests),
        cmocka_unit_test(an_answer_becomes_an_outcome),
        cmocka_unit_test(a_user_is_read_at_every_known_path),
        cmocka_unit_test(credentials_are_held_to_their_form),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("kira", tests, set_up, tear_down);
}
