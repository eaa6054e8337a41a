/* An answer that names another customer than its request is never a success: it answers somebody else's
 * request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "provider/kira.h"
#include "provider/kraken_embed.h"
#include "provider/outcome_table.h"
#include "provider/payso.h"
#include "provider/payward.h"
#include "unit/provider/judging.h"

#define KEY   "partner-customer-9001"
#define EMAIL "alex.morgan@example.com"
#define OTHER .kind = OUTCOME_IN_DOUBT, .cause = RETRY_5XX
#define OURS  .kind = OUTCOME_DONE, .user_id = "AA00000000000001"

enum { BODY_SIZE = 512 };

/* The user's members beside its id, as each provider may tell them. */
static const struct told {
    const char *sentence, *members;
    bool is_other;
} named[] =
    {
        {"nothing", "", false},
        {"our e-mail", ",\"email\":\"" EMAIL "\"", false},
        {"our e-mail in capitals", ",\"email\":\"Alex.MORGAN@Example.Com\"", false},
        {"another e-mail", ",\"email\":\"ann.lee@example.com\"", true},
        {"an e-mail that begins like ours", ",\"email\":\"" EMAIL ".org\"", true},
        {"no e-mail", ",\"email\":null", false},
        {"an empty e-mail", ",\"email\":\"\"", false},
        {"an e-mail that is an object", ",\"email\":{\"address\":\"ann.lee@example.com\"}", false},
},
  keyed[] = {
      {"our key", ",\"KEY\":\"" KEY "\"", false},
      {"another key", ",\"KEY\":\"partner-customer-9002\"", true},
      {"our key in capitals", ",\"KEY\":\"PARTNER-CUSTOMER-9001\"", true},
      {"no key", ",\"KEY\":null", false},
      {"our key and another e-mail", ",\"KEY\":\"" KEY "\",\"email\":\"ann.lee@example.com\"", true},
      {"another key and our e-mail", ",\"KEY\":\"partner-customer-9002\",\"email\":\"" EMAIL "\"", true},
};

/* Puts `told` with KEY as the provider's name of our key into the answer's `%`. */
static void write_body(char body[BODY_SIZE], const char *answer, const char *told, const char *key)
{
    size_t len = 0;
    for (const char *cursor = answer; *cursor; cursor++) {
        if (*cursor != '%') {
            body[len++] = *cursor;
            continue;
        }
        for (const char *from = told; *from;) {
            bool is_key = strncmp(from, "KEY", 3) == 0;
            len +=
                (size_t)snprintf(body + len, BODY_SIZE - len, "%.*s", is_key ? 64 : 1, is_key ? key : from);
            from += is_key ? 3 : 1;
        }
    }
    body[len] = '\0';
}

static void check_create(const struct provider *provider, int status, const char *answer, const char *key,
                         const struct told *told, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char body[BODY_SIZE], sentence[BODY_SIZE + 32];
        write_body(body, answer, told[i].members, key);
        snprintf(sentence, sizeof sentence, "%s: %s", provider->name, body);
        const struct judged ours = {.sentence = sentence, .status = status, .body = body, OURS};
        const struct judged other = {.sentence = sentence, .status = status, .body = body, OTHER};
        check_judged(provider, told[i].is_other ? &other : &ours, 1);
    }
}

static void a_create_is_answered_with_its_own_customer(void **state)
{
    (void)state;
    static const struct {
        const struct provider *provider;
        int status;
        const char *answer, *key; /* NULL: the provider takes none */
    } table[] = {
        {&payward_provider, 201, "{\"data\":{\"id\":\"AA00000000000001\"%}}", "external_reference"},
        {&payward_provider, 200, "{\"data\":{\"id\":\"AA00000000000001\"}%}", "external_reference"},
        {&kraken_embed_provider, 201, "{\"result\":{\"user\":\"AA00000000000001\"%}}", "external_id"},
        {&kira_provider, 201, "{\"id\":\"AA00000000000001\"%}", "external_id"},
        {&payso_provider, 200, "{\"user\":{\"id\":\"AA00000000000001\"%}}", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        check_create(table[i].provider, table[i].status, table[i].answer, NULL, named,
                     sizeof named / sizeof *named);
        if (table[i].key)
            check_create(table[i].provider, table[i].status, table[i].answer, table[i].key, keyed,
                         sizeof keyed / sizeof *keyed);
    }
}

static void kira_returns_the_key_in_its_metadata_too(void **state)
{
    (void)state;
    static const struct judged examples[] = {
        {.sentence = "ours",
         .status = 201,
         .body = "{\"id\":\"AA00000000000001\",\"metadata\":{\"external_id\":\"" KEY "\"}}",
         OURS},
        {.sentence = "another's",
         .status = 201,
         .body = "{\"id\":\"AA00000000000001\",\"metadata\":{\"external_id\":\"c-2\"}}",
         OTHER},
        {.sentence = "other metadata",
         .status = 201,
         .body = "{\"id\":\"AA00000000000001\",\"metadata\":{\"email\":\"x@example.com\"}}",
         OURS},
    };
    check_judged(&kira_provider, examples, sizeof examples / sizeof *examples);
}

/* What payso calls an external id is none of ours: none is sent. */
static void payso_has_no_key_of_ours(void **state)
{
    (void)state;
    static const struct judged examples[] = {
        {.sentence = "a key of its own",
         .status = 200,
         .body = "{\"user\":{\"id\":\"AA00000000000001\",\"external_id\":\"77\"}}",
         OURS},
    };
    check_judged(&payso_provider, examples, sizeof examples / sizeof *examples);
}

static void an_update_is_answered_with_its_own_user(void **state)
{
    (void)state;
    static const struct judged kira[] = {
        {.sentence = "our user",
         .operation = OPERATION_UPDATE,
         .updated = "u-1",
         .status = 200,
         .body = "{\"id\":\"u-1\",\"updated_fields\":[]}",
         .kind = OUTCOME_DONE},
        {.sentence = "another user",
         .operation = OPERATION_UPDATE,
         .updated = "u-1",
         .status = 200,
         .body = "{\"id\":\"u-2\",\"updated_fields\":[]}",
         OTHER},
        {.sentence = "another key",
         .operation = OPERATION_UPDATE,
         .updated = "u-1",
         .status = 200,
         .body = "{\"external_id\":\"c-2\",\"updated_fields\":[]}",
         OTHER},
        {.sentence =
             "our user with its e-mail as it was: that the provider did not take it is another matter",
         .operation = OPERATION_UPDATE,
         .updated = "u-1",
         .sent = "email",
         .status = 200,
         .body = "{\"id\":\"u-1\",\"email\":\"old@example.com\",\"updated_fields\":[]}",
         .kind = OUTCOME_DONE},
        {.sentence = "nothing but another e-mail than was sent",
         .operation = OPERATION_UPDATE,
         .updated = "u-1",
         .sent = "email",
         .status = 200,
         .body = "{\"email\":\"ann.lee@example.com\",\"updated_fields\":[]}",
         OTHER},
        {.sentence = "an e-mail that was not sent",
         .operation = OPERATION_UPDATE,
         .updated = "u-1",
         .status = 200,
         .body = "{\"email\":\"ann.lee@example.com\",\"updated_fields\":[]}",
         .kind = OUTCOME_DONE},
    };
    static const struct judged payward[] = {
        {.sentence = "a plain success",
         .operation = OPERATION_UPDATE,
         .updated = "AA00000000000001",
         .status = 200,
         .body = "{\"data\":\"success\"}",
         .kind = OUTCOME_DONE},
        {.sentence = "a success for another key",
         .operation = OPERATION_UPDATE,
         .updated = "AA00000000000001",
         .status = 200,
         .body = "{\"data\":\"success\",\"external_reference\":\"c-2\"}",
         OTHER},
    };
    static const struct judged kraken[] = {
        {.sentence = "a user's id is told with or without its blanks",
         .operation = OPERATION_UPDATE,
         .updated = "AA95 N84G TW2H 6VPM",
         .status = 200,
         .body = "{\"result\":\"success\",\"user\":\"AA95N84GTW2H6VPM\"}",
         .kind = OUTCOME_DONE},
        {.sentence = "another user's id",
         .operation = OPERATION_UPDATE,
         .updated = "AA95 N84G TW2H 6VPM",
         .status = 200,
         .body = "{\"result\":\"success\",\"user\":\"AA95N84GTW2H6VPX\"}",
         OTHER},
    };
    check_judged(&kira_provider, kira, sizeof kira / sizeof *kira);
    check_judged(&payward_provider, payward, sizeof payward / sizeof *payward);
    check_judged(&kraken_embed_provider, kraken, sizeof kraken / sizeof *kraken);
}

/* The other customer's data belong into no message of ours. */
static void the_message_quotes_nothing_of_the_other_customer(void **state)
{
    (void)state;
    struct sample sample;
    struct outcome outcome;
    sample_fill(&sample);
    const struct provider_reply reply = {
        .operation = OPERATION_CREATE,
        .sent = true,
        .complete = true,
        .http_status = 201,
        .body = SLICE_LITERAL("{\"data\":{\"id\":\"AA00000000000001\",\"external_reference\":\"c-2\","
                              "\"full_name\":\"Ann Lee\"},\"code\":\"c-2\"}"),
    };
    outcome_table_classify(&payward_provider, &reply, &sample.record, &outcome);
    assert_int_equal(outcome.kind, OUTCOME_IN_DOUBT);
    assert_string_equal(outcome.code, "other_customer");
    assert_string_equal(outcome.message, "the answer names another customer than the request");
    assert_string_equal(outcome.user_id, "");
}

/* It may have been sent behind the work (303): it proves as little as a 5xx. A question does no work. */
static void a_redirect_stops_the_run_and_leaves_what_was_sent_in_doubt(void **state)
{
    (void)state;
    static const struct provider *const providers[] = {&payward_provider, &kraken_embed_provider,
                                                       &kira_provider, &payso_provider};
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        for (int operation = OPERATION_CREATE; operation < OPERATION_COUNT; operation++)
            for (int status = 299; status <= 400; status++) {
                const struct provider_reply reply = {
                    .operation = (enum operation)operation,
                    .sent = true,
                    .complete = true,
                    .http_status = status,
                    .user_id = "u-1",
                    .body = SLICE_LITERAL("{\"id\":\"u-1\"}"),
                };
                bool is_redirect = status / 100 == 3;
                bool sends = operation <= OPERATION_UPDATE || operation == OPERATION_LINK ||
                             operation == OPERATION_DOCUMENT;
                struct sample sample;
                struct outcome outcome;
                sample_fill(&sample);
                memset(&outcome, 0xff, sizeof outcome);
                outcome_table_classify(providers[i], &reply, &sample.record, &outcome);
                if (is_redirect && outcome.kind != (sends ? OUTCOME_IN_DOUBT : OUTCOME_STOP))
                    fail_msg("%s: %d to a %s: %s", providers[i]->name, status,
                             operation_word(reply.operation), outcome_word(outcome.kind));
                if (outcome.stops != (is_redirect && sends))
                    fail_msg("%s: %d to a %s: stops %d", providers[i]->name, status,
                             operation_word(reply.operation), outcome.stops);
                if (is_redirect && !strstr(outcome.message, "the base URL is wrong"))
                    fail_msg("%s: %d says `%s`", providers[i]->name, status, outcome.message);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_create_is_answered_with_its_own_customer),
        cmocka_unit_test(kira_returns_the_key_in_its_metadata_too),
        cmocka_unit_test(payso_has_no_key_of_ours),
        cmocka_unit_test(an_update_is_answered_with_its_own_user),
        cmocka_unit_test(the_message_quotes_nothing_of_the_other_customer),
        cmocka_unit_test(a_redirect_stops_the_run_and_leaves_what_was_sent_in_doubt),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("outcome_table", tests, NULL, NULL);
}
