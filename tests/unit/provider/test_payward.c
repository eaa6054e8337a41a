#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/utf8.h"
#include "model/country.h"
#include "provider/outcome_table.h"
#include "provider/payward.h"
#include "unit/provider/members.h"
#include "unit/provider/records.h"
#include "unit/provider/same_json.h"

enum { BODY_MAX = 64 * 1024 };

static void build(struct provider_request *request, const struct sample *sample, const char *base_path)
{
    buffer_init(&request->body, BODY_MAX);
    const struct provider_call call = {
        .operation = OPERATION_CREATE, .record = &sample->record, .base_path = base_path};
    assert_null(payward_provider.build(&call, request));
}

static void the_payload_is_that_of_the_providers_page(void **state)
{
    (void)state;
    struct sample sample;
    struct provider_request request = {.method = NULL};
    sample_fill(&sample);
    build(&request, &sample, "");
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.target, "/v1/users");
    assert_same_json(
        buffer_slice(&request.body),
        "{\"email\":\"alex.morgan@example.com\",\"external_reference\":\"partner-customer-9001\","
        "\"full_name\":{\"first_name\":\"Alex\",\"last_name\":\"Morgan\"},"
        "\"birth\":{\"date\":\"1990-04-15\",\"city\":\"San Francisco\",\"country\":\"US\"},"
        "\"residence\":{\"line1\":\"1 Market St\",\"city\":\"San Francisco\",\"postal_code\":\"94103\","
        "\"country\":\"US\"},"
        "\"phone\":\"+14155550110\",\"nationalities\":[\"US\"],\"occupation\":\"computers_and_it\"}");
    buffer_clear(&request.body);
}

static void a_full_record_fills_every_member(void **state)
{
    (void)state;
    struct sample sample;
    struct provider_request request = {.method = NULL};
    sample_fill_all(&sample);
    build(&request, &sample, "/sandbox");
    assert_string_equal(request.target, "/sandbox/v1/users");
    assert_same_json(
        buffer_slice(&request.body),
        "{\"email\":\"alex.morgan@example.com\",\"external_reference\":\"partner-customer-9001\","
        "\"full_name\":{\"first_name\":\"Alex\",\"middle_name\":\"Quinn\",\"last_name\":\"Morgan\"},"
        "\"birth\":{\"date\":\"1990-04-15\",\"city\":\"San Francisco\",\"country\":\"US\"},"
        "\"residence\":{\"line1\":\"1 Market St\",\"line2\":\"Floor \\\"5\\\"\",\"city\":\"San Francisco\","
        "\"province\":\"CA\",\"postal_code\":\"94103\",\"country\":\"US\"},"
        "\"phone\":\"+14155550110\",\"nationalities\":[\"US\",\"DE\"],\"occupation\":\"computers_and_it\","
        "\"employer_name\":\"Müller & Söhne\","
        "\"tax_ids\":[{\"id\":\"900-70-0001\",\"issuing_country\":\"US\"},"
        "{\"id\":\"12 345\",\"issuing_country\":\"DE\"}],"
        "\"language\":\"en\"}");
    buffer_clear(&request.body);
}

static void a_fetch_names_the_user_and_has_no_body(void **state)
{
    (void)state;
    struct provider_request request = {.method = NULL};
    const struct provider_call call = {
        .operation = OPERATION_FETCH, .user_id = "AA00 N84G/1", .base_path = "/sandbox"};
    buffer_init(&request.body, BODY_MAX);
    assert_null(payward_provider.build(&call, &request));
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.target, "/sandbox/v1/users/AA00%20N84G%2F1");
    assert_int_equal(request.body.len, 0);
    buffer_clear(&request.body);
}

static void a_fetch_distinguishes_a_missing_user_from_an_unknown_key(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum outcome_kind kind;
    } examples[] = {
        {404, "{\"error\":{\"code\":\"not_found\"}}", OUTCOME_REFUSED},
        {404, "", OUTCOME_REFUSED},
        {200, "{\"data\":{\"id\":\"fake-user-0000000001\"}}", OUTCOME_DONE},
        {401, "{\"error\":{\"message\":\"Invalid nonce\"}}", OUTCOME_BAD_NONCE},
        {401, "{\"error\":{\"message\":\"Invalid signature\"}}", OUTCOME_STOP},
        {403, "", OUTCOME_STOP},
        {302, "", OUTCOME_STOP},
        {429, "", OUTCOME_THROTTLED},
        {500, "", OUTCOME_NOT_SENT},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct provider_reply reply = {.operation = OPERATION_FETCH,
                                             .sent = true,
                                             .complete = true,
                                             .http_status = examples[i].status,
                                             .body = slice_from(examples[i].body)};
        struct outcome outcome;
        outcome_table_classify(&payward_provider, &reply, NULL, &outcome);
        assert_int_equal(outcome.kind, examples[i].kind);
        assert_int_equal(outcome.http_status, examples[i].status);
    }
}

/* The example of the page of PATCH, and what null clears. */
static void an_update_has_the_members_of_its_call_and_no_others(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        const char *members, *want;
    } examples[] = {
        {"two objects, whole", "full_name birth",
         "{\"full_name\":{\"first_name\":\"Alex\",\"last_name\":\"Morgan\"},"
         "\"birth\":{\"date\":\"1990-04-15\",\"city\":\"San Francisco\",\"country\":\"US\"}}"},
        {"a value", "phone", "{\"phone\":\"+14155550110\"}"},
        {"values that went away", "employer_name tax_ids language",
         "{\"employer_name\":null,\"tax_ids\":null,\"language\":null}"},
        {"one that cannot be cleared is left", "client_identifier", "{}"},
        {"nothing", "", "{}"},
    };
    struct sample sample;
    sample_fill(&sample);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct provider_request request = {.method = NULL};
        buffer_init(&request.body, BODY_MAX);
        const struct provider_call call = {.operation = OPERATION_UPDATE,
                                           .record = &sample.record,
                                           .base_path = "/x",
                                           .user_id = "AA45N8G4MLDYWAR7",
                                           .members =
                                               members_of(payward_provider.fields, examples[i].members)};
        assert_null(payward_provider.build(&call, &request));
        assert_string_equal(request.method, "PATCH");
        assert_string_equal(request.target, "/x/v1/users/AA45N8G4MLDYWAR7");
        print_message("# %s\n", examples[i].sentence);
        assert_same_json(buffer_slice(&request.body), examples[i].want);
        buffer_clear(&request.body);
    }
}

static void the_masks_are_those_of_the_page(void **state)
{
    (void)state;
    const struct provider_fields *fields = payward_provider.fields;
    assert_int_equal(members_with(fields, UPDATE_CLEAR),
                     members_of(fields, "phone nationalities tax_ids employer_name occupation language"));
    assert_int_equal(members_with(fields, UPDATE_NEVER) & ~members_with(fields, UPDATE_VALUE),
                     members_of(fields, "email external_reference"));
}

static void a_client_identifier_has_the_time_of_its_calculation(void **state)
{
    (void)state;
    struct sample sample;
    memset(&sample, 0, sizeof sample);
    sample_set(&sample, FIELD_CLIENT_IDENTIFIER, "19900415ALEX#MORGA");
    struct provider_request request = {.method = NULL};
    buffer_init(&request.body, BODY_MAX);
    const struct provider_call call = {.operation = OPERATION_CREATE,
                                       .record = &sample.record,
                                       .base_path = "",
                                       .journalled_ns = UINT64_C(1699334760000) * 1000000};
    assert_null(payward_provider.build(&call, &request));
    assert_same_json(buffer_slice(&request.body),
                     "{\"client_identifier\":{\"type\":\"concat\",\"value\":\"19900415ALEX#MORGA\","
                     "\"calculated_at\":\"2023-11-07T05:26:00.000Z\"}}");

    sample_set(&sample, FIELD_CLIENT_IDENTIFIER_CALCULATED_AT, "2022-01-02T03:04:05Z");
    assert_null(payward_provider.build(&call, &request));
    assert_same_json(buffer_slice(&request.body),
                     "{\"client_identifier\":{\"type\":\"concat\",\"value\":\"19900415ALEX#MORGA\","
                     "\"calculated_at\":\"2022-01-02T03:04:05Z\"}}");
    /* A time of nothing is not sent. */
    sample.values[FIELD_CLIENT_IDENTIFIER].state = VALUE_ABSENT;
    assert_null(payward_provider.build(&call, &request));
    assert_same_json(buffer_slice(&request.body), "{}");
    buffer_clear(&request.body);
}

static void the_country_of_a_tax_id_defaults_to_the_residence(void **state)
{
    (void)state;
    static const struct {
        const char *ids, *countries, *want;
    } examples[] = {
        {"1", NULL, "[{\"id\":\"1\",\"issuing_country\":\"US\"}]"},
        {"1\x1f"
         "2",
         NULL, "[{\"id\":\"1\",\"issuing_country\":\"US\"},{\"id\":\"2\",\"issuing_country\":\"US\"}]"},
        {"1\x1f"
         "2",
         "DE", "[{\"id\":\"1\",\"issuing_country\":\"DE\"},{\"id\":\"2\",\"issuing_country\":\"US\"}]"},
        {"1\x1f"
         "2",
         "\x1f"
         "DE",
         "[{\"id\":\"1\",\"issuing_country\":\"US\"},{\"id\":\"2\",\"issuing_country\":\"DE\"}]"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct sample sample;
        memset(&sample, 0, sizeof sample);
        sample_set(&sample, FIELD_COUNTRY, "US");
        sample_set(&sample, FIELD_TAX_ID, examples[i].ids);
        if (examples[i].countries)
            sample_set(&sample, FIELD_TAX_COUNTRY, examples[i].countries);
        struct provider_request request = {.method = NULL};
        build(&request, &sample, "");
        char want[512];
        int len = snprintf(want, sizeof want, "{\"residence\":{\"country\":\"US\"},\"tax_ids\":%s}",
                           examples[i].want);
        assert_true(len > 0 && (size_t)len < sizeof want);
        assert_same_json(buffer_slice(&request.body), want);
        buffer_clear(&request.body);
    }
}

static void an_object_without_a_value_is_left_out(void **state)
{
    (void)state;
    struct sample sample;
    memset(&sample, 0, sizeof sample);
    sample_set(&sample, FIELD_EMAIL, "a@example.com");
    sample_set(&sample, FIELD_LAST_NAME, "Morgan");
    sample.values[FIELD_FIRST_NAME] = (struct value){slice_from("x"), VALUE_FAILED};
    struct provider_request request = {.method = NULL};
    build(&request, &sample, "");
    assert_same_json(buffer_slice(&request.body),
                     "{\"email\":\"a@example.com\",\"full_name\":{\"last_name\":\"Morgan\"}}");
    /* The same request is built again from nothing. */
    buffer_clear(&request.body);
    build(&request, &sample, "");
    assert_same_json(buffer_slice(&request.body),
                     "{\"email\":\"a@example.com\",\"full_name\":{\"last_name\":\"Morgan\"}}");
    buffer_clear(&request.body);
}

static void customers_are_individuals(void **state)
{
    (void)state;
    const struct provider_field *type = provider_fields_find(payward_provider.fields, FIELD_CUSTOMER_TYPE);
    assert_int_equal(type->slot, PROVIDER_NO_SLOT);
    assert_string_equal(type->values[0], "individual");
    assert_null(type->values[1]);
}

static void the_codes_beside_iso_are_not_in_iso(void **state)
{
    (void)state;
    const char *const *codes =
        provider_fields_find(payward_provider.fields, FIELD_NATIONALITIES)->extra_countries;
    size_t count = 0;
    for (; codes[count]; count++) {
        assert_int_equal(strlen(codes[count]), 2);
        assert_true(!country_by_alpha2(slice_from(codes[count])) || strcmp(codes[count], "XK") == 0);
    }
    assert_int_equal(count, 13);
    assert_null(provider_fields_find(payward_provider.fields, FIELD_COUNTRY)->extra_countries);
}

static void the_words_of_an_enumeration_are_those_of_the_page(void **state)
{
    (void)state;
    const char *const *words = provider_fields_find(payward_provider.fields, FIELD_OCCUPATION)->values;
    size_t count = 0;
    while (words[count])
        count++;
    assert_int_equal(count, 19);
    const char *const *languages = provider_fields_find(payward_provider.fields, FIELD_LANGUAGE)->values;
    for (count = 0; languages[count]; count++) {
        assert_int_equal(strlen(languages[count]), 2);
        assert_true(count == 0 || strcmp(languages[count - 1], languages[count]) < 0);
    }
    assert_true(count > 180);
}

#define CREATED   "{\"data\":{\"id\":\"AA45N8G4MLDYWAR7\",\"accounts\":[]}}"
#define BAD_NONCE "{\"error\":[\"EAPI:Invalid nonce\"]}"

struct attempt {
    const char *sentence;
    int status;
    const char *body;
    bool proven;
    enum outcome_kind kind;
    enum retry_cause cause;
    const char *user_id, *code, *message; /* NULL: whatever */
};

static void check_attempt(const struct attempt *attempt, enum operation operation)
{
    struct sample sample;
    sample_fill(&sample);
    struct provider_reply reply = {
        .operation = operation,
        .sent = true,
        .complete = true,
        .http_status = attempt->status,
        .proven = attempt->proven,
        .request_id = SLICE_LITERAL("req-1"),
        .body = slice_from(attempt->body),
    };
    struct outcome outcome;
    memset(&outcome, 0xff, sizeof outcome);
    outcome_table_classify(&payward_provider, &reply, &sample.record, &outcome);
    if (outcome.kind != attempt->kind)
        fail_msg("%s: %s", attempt->sentence, outcome_word(outcome.kind));
    if (outcome.kind == OUTCOME_IN_DOUBT || outcome.kind == OUTCOME_THROTTLED ||
        outcome.kind == OUTCOME_BAD_NONCE)
        assert_int_equal(outcome.cause, attempt->cause);
    assert_int_equal(outcome.http_status, attempt->status);
    assert_string_equal(outcome.request_id, "req-1");
    assert_string_equal(outcome.user_id, attempt->user_id ? attempt->user_id : "");
    if (attempt->code)
        assert_string_equal(outcome.code, attempt->code);
    if (attempt->message && strcmp(outcome.message, attempt->message) != 0)
        fail_msg("%s: message `%s`", attempt->sentence, outcome.message);
    assert_true(utf8_is_valid(slice_from(outcome.message)));
}

static void an_answer_to_a_create_becomes_an_outcome(void **state)
{
    (void)state;
    static const struct attempt attempts[] = {
        {"created", 200, CREATED, false, OUTCOME_DONE, 0, "AA45N8G4MLDYWAR7", "", ""},
        {"created, the other status", 201, CREATED, false, OUTCOME_DONE, 0, "AA45N8G4MLDYWAR7", "", ""},
        {"created, with an empty error", 201, "{\"error\":[],\"data\":{\"id\":\"AA45N8G4MLDYWAR7\"}}", false,
         OUTCOME_DONE, 0, "AA45N8G4MLDYWAR7", "", ""},
        {"a success with an error is none", 200, "{\"error\":[\"E\"],\"data\":{\"id\":\"AA45N8G4MLDYWAR7\"}}",
         false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, "E"},
        {"a success with errors is none", 200, "{\"errors\":[\"E\"],\"data\":{\"id\":\"AA45N8G4MLDYWAR7\"}}",
         false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, "E"},
        {"a success without an id is none", 200, "{\"data\":{}}", false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL,
         NULL, NULL},
        {"an id of 13 characters is none", 201, "{\"data\":{\"id\":\"AA45N8G4MLDYW\"}}", false,
         OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, NULL},
        {"an id of 43 characters is none", 201,
         "{\"data\":{\"id\":\"AA45N8G4MLDYWAR7AA45N8G4MLDYWAR7AA45N8G4MLD\"}}", false, OUTCOME_IN_DOUBT,
         RETRY_5XX, NULL, NULL, NULL},
        {"an empty id is none", 200, "{\"data\":{\"id\":\"\"}}", false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL,
         NULL, NULL},
        {"an id that is null is none", 200, "{\"data\":{\"id\":null}}", false, OUTCOME_IN_DOUBT, RETRY_5XX,
         NULL, NULL, NULL},
        {"an id in another place is none", 200, "{\"id\":\"AA45N8G4MLDYWAR7\"}", false, OUTCOME_IN_DOUBT,
         RETRY_5XX, NULL, NULL, NULL},
        {"an id with a line end is none", 200, "{\"data\":{\"id\":\"A\\nB\"}}", false, OUTCOME_IN_DOUBT,
         RETRY_5XX, NULL, NULL, NULL},
        {"an update's success is no create's", 200, "{\"data\":\"success\"}", false, OUTCOME_IN_DOUBT,
         RETRY_5XX, NULL, NULL, NULL},
        {"garbage", 200, "<html>welcome</html>", false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, "",
         "<html>welcome</html>"},
        {"an empty success", 204, "", false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, "", ""},
        {"a nonce error as a 200", 200, BAD_NONCE, false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, NULL},
        {"a status below 200", 103, CREATED, false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, NULL},
        {"a status without a class", 600, CREATED, false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, NULL},
        {"no status", 0, "", false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, NULL},
        {"moved", 301, CREATED, false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, NULL},
        {"found", 302, "", true, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, "",
         "the base URL is wrong: the provider redirects, which is never followed; check provider.base_url "
         "(HTTP 302)"},
        {"not modified", 399, "", true, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, "", NULL},
        {"bad request", 400, "{\"error\":\"invalid_phone\"}", false, OUTCOME_REFUSED, 0, NULL,
         "invalid_phone", "invalid_phone"},
        {"a bad nonce", 401, BAD_NONCE, false, OUTCOME_BAD_NONCE, RETRY_NONCE, NULL, NULL,
         "EAPI:Invalid nonce"},
        {"a bad nonce later in the run", 401, BAD_NONCE, true, OUTCOME_BAD_NONCE, RETRY_NONCE, NULL, NULL,
         NULL},
        {"a bad nonce as an object", 401, "{\"errors\":[{\"message\":\"Invalid nonce\"}]}", false,
         OUTCOME_BAD_NONCE, RETRY_NONCE, NULL, NULL, NULL},
        {"a bad nonce as a text", 401, "invalid nonce", false, OUTCOME_BAD_NONCE, RETRY_NONCE, NULL, NULL,
         NULL},
        {"a bad signature", 401, "{\"error\":[\"EAPI:Invalid signature\"]}", false, OUTCOME_STOP, 0, NULL,
         NULL,
         "the provider does not know these credentials; check provider.credentials and provider.base_url "
         "(HTTP 401): EAPI:Invalid signature"},
        {"a bad key although it was good", 401, "{\"error\":[\"EAPI:Invalid key\"]}", true, OUTCOME_STOP, 0,
         NULL, NULL, NULL},
        {"payment required", 402, "", false, OUTCOME_REFUSED, 0, NULL, "", ""},
        {"forbidden", 403, "{\"message\":\"not yours\"}", false, OUTCOME_STOP, 0, NULL, NULL,
         "the provider forbids this; check the key's permissions and the addresses it may be used from (HTTP 403): not yours"},
        {"forbidden by the gateway", 403, "{\"message\":\"Forbidden\"}", true, OUTCOME_STOP, 0, NULL, NULL,
         "the provider's gateway forbids this; check provider.credentials and provider.base_url (HTTP 403): "
         "Forbidden"},
        {"forbidden for this customer", 403, "{\"message\":\"not yours\"}", true, OUTCOME_REFUSED, 0, NULL,
         NULL, "not yours"},
        {"not found", 404, "", false, OUTCOME_REFUSED, 0, NULL, "", ""},
        {"request timeout", 408, "", false, OUTCOME_IN_DOUBT, RETRY_TIMEOUT, NULL, "", ""},
        {"conflict", 409, "{\"error\":\"exists\"}", false, OUTCOME_EXISTS, 0, NULL, "exists", "exists"},
        {"conflict with the id", 409, "{\"error\":\"exists\",\"data\":{\"id\":\"AA45N8G4MLDYWAR7\"}}", false,
         OUTCOME_EXISTS, 0, "AA45N8G4MLDYWAR7", "exists", "the answer names user AA45N8G4MLDYWAR7: exists"},
        {"conflict with a user id", 409, "{\"user_id\":\"AA45N8G4MLDYWAR7\"}", false, OUTCOME_EXISTS, 0,
         "AA45N8G4MLDYWAR7", "", NULL},
        {"conflict with the customer's own e-mail as the id", 409,
         "{\"error\":\"exists\",\"user_id\":\"alex.morgan@example.com\"}", false, OUTCOME_EXISTS, 0,
         "alex.morgan@example.com", "exists", "exists"},
        {"conflict with the customer's own name as the id", 409,
         "{\"error\":\"exists\",\"user_id\":\"Alex Morgan 12345\"}", false, OUTCOME_EXISTS, 0,
         "Alex Morgan 12345", "exists", "exists"},
        {"conflict with a phone number as the id", 409,
         "{\"error\":\"exists\",\"user_id\":\"user:+14155550110\"}", false, OUTCOME_EXISTS, 0,
         "user:+14155550110", "exists", "exists"},
        {"conflict with the id of the error", 409, "{\"id\":\"AA45N8G4MLDYWAR7\",\"message\":\"no\"}", false,
         OUTCOME_EXISTS, 0, NULL, "", "no"},
        {"conflict with what is no id", 409, "{\"data\":{\"id\":\"42\"}}", false, OUTCOME_EXISTS, 0, NULL, "",
         NULL},
        {"unprocessable", 422, "{\"code\":\"bad\",\"details\":[{\"path\":\"phone\"}]}", false,
         OUTCOME_REFUSED, 0, NULL, "bad", "bad; path: phone"},
        {"too many requests", 429, "{\"error\":[\"EAPI:Rate limit exceeded\"]}", false, OUTCOME_THROTTLED,
         RETRY_429, NULL, "", "EAPI:Rate limit exceeded"},
        {"another 4xx", 451, "", false, OUTCOME_REFUSED, 0, NULL, "", ""},
        {"the last 4xx", 499, "", false, OUTCOME_REFUSED, 0, NULL, "", ""},
        {"server error", 500, CREATED, true, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, NULL, NULL},
        {"unavailable", 503, "", false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, "", ""},
        {"the last 5xx", 599, "", false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, "", ""},
        {"the customer's data is not kept", 422,
         "{\"errors\":[\"alex.morgan@example.com is taken by +1 415 555 0110\"]}", false, OUTCOME_REFUSED, 0,
         NULL, "", "‹email› is taken by ‹phone›"},
        {"the provider's own words are", 422, "{\"errors\":[\"no computers_and_it for another Alexandra\"]}",
         false, OUTCOME_REFUSED, 0, NULL, "", "no computers_and_it for another Alexandra"},
        {"nor as a code", 422, "{\"code\":\"Alex\",\"message\":\"no\"}", false, OUTCOME_REFUSED, 0, NULL, "",
         "‹first_name›; no"},
    };
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        check_attempt(&attempts[i], OPERATION_CREATE);
}

static void an_answer_to_an_update_becomes_an_outcome(void **state)
{
    (void)state;
    static const struct attempt attempts[] = {
        {"updated", 200, "{\"data\":\"success\"}", false, OUTCOME_DONE, 0, NULL, "", ""},
        {"another word", 200, "{\"data\":\"failure\"}", false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, "", NULL},
        {"a success with an error", 200, "{\"data\":\"success\",\"error\":\"e\"}", false, OUTCOME_IN_DOUBT,
         RETRY_5XX, NULL, "e", NULL},
        {"a create's success", 200, CREATED, false, OUTCOME_IN_DOUBT, RETRY_5XX, NULL, "", NULL},
        {"not found", 404, "", false, OUTCOME_REFUSED, 0, NULL, "", ""},
    };
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        check_attempt(&attempts[i], OPERATION_UPDATE);
}

static void without_a_whole_answer_what_left_decides(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        bool sent;
        enum retry_cause cause;
        const char *transport;
        int status;
        enum outcome_kind kind;
        const char *code;
    } attempts[] = {
        {"no connection", false, RETRY_CONNECT, "connect: refused", 0, OUTCOME_NOT_SENT, "connect"},
        {"timed out before it was sent", false, RETRY_TIMEOUT, "timeout", 0, OUTCOME_NOT_SENT, "timeout"},
        {"timed out", true, RETRY_TIMEOUT, "timeout: after 30000 ms", 0, OUTCOME_IN_DOUBT, "timeout"},
        {"reset", true, RETRY_CONNECT, "reset: by peer", 0, OUTCOME_IN_DOUBT, "reset"},
        {"cut off after its status", true, RETRY_CONNECT, "reset", 201, OUTCOME_IN_DOUBT, "reset"},
        {"cut off after a refusal's status", true, RETRY_CONNECT, "reset", 400, OUTCOME_IN_DOUBT, "reset"},
        {"cut off after a redirect's status", true, RETRY_CONNECT, NULL, 302, OUTCOME_IN_DOUBT, ""},
        {"a nonce error that was cut off", true, RETRY_CONNECT, "reset", 401, OUTCOME_IN_DOUBT, "reset"},
    };
    struct sample sample;
    sample_fill(&sample);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct provider_reply reply = {
            .sent = attempts[i].sent,
            .cause = attempts[i].cause,
            .transport = attempts[i].transport,
            .http_status = attempts[i].status,
            .body = SLICE_LITERAL(BAD_NONCE),
        };
        struct outcome outcome;
        outcome_table_classify(&payward_provider, &reply, &sample.record, &outcome);
        if (outcome.kind != attempts[i].kind)
            fail_msg("%s: %s", attempts[i].sentence, outcome_word(outcome.kind));
        assert_int_equal(outcome.cause, attempts[i].cause);
        assert_int_equal(outcome.http_status, 0);
        assert_string_equal(outcome.code, attempts[i].code);
        assert_string_equal(outcome.user_id, "");
    }
}

static void retry_after_and_a_long_request_id_are_passed_on(void **state)
{
    (void)state;
    static const char long_id[] =
        "012345678901234567890123456789012345678901234567890123456789012301234567890123456789012345678901234567890123456789012345678901234";
    struct sample sample;
    sample_fill(&sample);
    struct provider_reply reply = {.sent = true,
                                   .complete = true,
                                   .http_status = 429,
                                   .retry_after_ns = 5,
                                   .request_id = slice_from(long_id)};
    struct outcome outcome;
    outcome_table_classify(&payward_provider, &reply, &sample.record, &outcome);
    assert_int_equal(outcome.kind, OUTCOME_THROTTLED);
    assert_int_equal(outcome.retry_after_ns, 5);
    assert_string_equal(outcome.request_id, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_payload_is_that_of_the_providers_page),
        cmocka_unit_test(a_full_record_fills_every_member),
        cmocka_unit_test(a_fetch_names_the_user_and_has_no_body),
        cmocka_unit_test(a_fetch_distinguishes_a_missing_user_from_an_unknown_key),
        cmocka_unit_test(an_update_has_the_members_of_its_call_and_no_others),
        cmocka_unit_test(the_masks_are_those_of_the_page),
        cmocka_unit_test(a_client_identifier_has_the_time_of_its_calculation),
        cmocka_unit_test(the_country_of_a_tax_id_defaults_to_the_residence),
        cmocka_unit_test(an_object_without_a_value_is_left_out),
        cmocka_unit_test(customers_are_individuals),
        cmocka_unit_test(the_codes_beside_iso_are_not_in_iso),
        cmocka_unit_test(the_words_of_an_enumeration_are_those_of_the_page),
        cmocka_unit_test(an_answer_to_a_create_becomes_an_outcome),
        cmocka_unit_test(an_answer_to_an_update_becomes_an_outcome),
        cmocka_unit_test(without_a_whole_answer_what_left_decides),
        cmocka_unit_test(retry_after_and_a_long_request_id_are_passed_on),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("payward", tests, NULL, NULL);
}
