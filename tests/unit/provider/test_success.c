/* What the answer to a create or an update that went well says of it beside that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "provider/kira.h"
#include "provider/outcome_table.h"
#include "provider/payward.h"
#include "unit/provider/members.h"
#include "unit/provider/records.h"

static struct outcome judge(const struct provider *provider, enum operation operation, uint64_t members,
                            const char *body)
{
    struct sample sample;
    struct outcome outcome;
    sample_fill(&sample);
    const struct provider_reply reply = {.operation = operation,
                                         .sent = true,
                                         .complete = true,
                                         .http_status = 200,
                                         .user_id = operation == OPERATION_UPDATE ? "u-1" : NULL,
                                         .members = members,
                                         .body = slice_from(body)};
    memset(&outcome, 0xff, sizeof outcome);
    outcome_table_classify(provider, &reply, &sample.record, &outcome);
    if (outcome.kind != OUTCOME_DONE)
        fail_msg("%s: %s", body, outcome_word(outcome.kind));
    return outcome;
}

static void an_update_names_what_it_left_out(void **state)
{
    (void)state;
    enum { NONE = 0 };
    const struct provider_fields *fields = kira_provider.fields;
    const uint64_t phone = members_of(fields, "phone"), city = members_of(fields, "address_city"),
                   street = members_of(fields, "address_street"), metadata = members_of(fields, "metadata"),
                   document = members_of(fields, "identifying_information");
    const struct {
        const char *list;
        uint64_t sent, left_out;
    } examples[] = {
        {"[\"phone\",\"address_city\"]", phone | city, NONE},
        {"[\"phone\"]", phone | city, city},
        {"[]", phone | city, phone | city},
        {"[\"residential_address\"]", phone | city | street, phone},
        {"[\"residential_address.city\",\"phone\"]", phone | city | street, street},
        {"[\"residential_address.street_line_1\"]", city | street, city},
        {"[\"residential_address.line_9\"]", city | street, NONE},
        {"[\"identifying_information[0].number\",\"metadata.external_id\"]", document | metadata, NONE},
        {"[{\"field\":\"phone\"},{\"name\":\"metadata\"}]", phone | metadata | city, city},
        {"[\"updated_at\",7,null,[]]", phone, phone},
        {"[\"phone\",\"first_name\"]", phone, NONE}, /* more than was sent */
        {"null", phone, NONE},                       /* it says nothing */
        {"\"phone\"", phone | city, NONE},
        {"{}", phone, NONE},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"id\":\"u-1\",\"updated_fields\":%s}", examples[i].list);
        struct outcome outcome = judge(&kira_provider, OPERATION_UPDATE, examples[i].sent, body);
        if (outcome.left_out != examples[i].left_out)
            fail_msg("%s: %llx", examples[i].list, (unsigned long long)outcome.left_out);
        assert_int_equal(outcome.warned, 0);
        assert_string_equal(outcome.code, "");
    }
    assert_int_equal(judge(&kira_provider, OPERATION_UPDATE, phone, "{\"id\":\"u-1\"}").left_out, 0);
    assert_int_equal(
        judge(&kira_provider, OPERATION_CREATE, phone, "{\"id\":\"u-1\",\"updated_fields\":[]}").left_out, 0);
    assert_int_equal(
        judge(&payward_provider, OPERATION_UPDATE, phone, "{\"data\":\"success\",\"updated_fields\":[]}")
            .left_out,
        0);
}

static void warnings_are_of_a_member_or_of_the_record(void **state)
{
    (void)state;
    const uint64_t phone = members_of(kira_provider.fields, "phone"),
                   city = members_of(kira_provider.fields, "address_city");
    const struct {
        const char *warnings;
        uint64_t warned;
        const char *message;
    } examples[] = {
        {"[{\"field\":\"phone\",\"message\":\"not dialled\"}]", phone, "field: phone; not dialled"},
        {"[{\"path\":[\"residential_address\",\"city\"],\"message\":\"odd\"}]", city,
         "path: residential_address; path: city; odd"},
        {"{\"phone\":[\"not dialled\"],\"address_city\":\"odd\"}", phone | city,
         "phone: not dialled; address_city: odd"},
        {"{\"field\":\"phone\",\"message\":\"odd\"}", phone, "field: phone; odd"},
        {"[\"phone\",\"something is odd\"]", phone | OUTCOME_WARNED_RECORD, "phone; something is odd"},
        {"\"something is odd\"", OUTCOME_WARNED_RECORD, "something is odd"},
        {"[\"ann.lee@example.com is odd\"]", OUTCOME_WARNED_RECORD, "‹email› is odd"},
        {"[]", 0, ""},
        {"null", 0, ""},
        {"\"\"", 0, ""},
        {"false", 0, ""},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"id\":\"u-1\",\"warnings\":%s}", examples[i].warnings);
        struct outcome outcome = judge(&kira_provider, OPERATION_CREATE, 0, body);
        if (outcome.warned != examples[i].warned || strcmp(outcome.message, examples[i].message) != 0)
            fail_msg("%s: %llx, %s", examples[i].warnings, (unsigned long long)outcome.warned,
                     outcome.message);
        assert_string_equal(outcome.code, examples[i].warned ? OUTCOME_WARNING : "");
        assert_string_equal(outcome.user_id, "u-1");
    }
}

/* Other providers have `data` or `result` around it. */
static void warnings_are_found_in_a_wrapper(void **state)
{
    (void)state;
    struct outcome outcome =
        judge(&payward_provider, OPERATION_CREATE, 0,
              "{\"data\":{\"id\":\"AA45N8G4MLDYWAR7\",\"warnings\":[{\"field\":\"phone\"}]}}");
    assert_int_equal(outcome.warned, members_of(payward_provider.fields, "phone"));
}

/* What a create answers about the verification of the user. */
static void a_create_shows_how_far_the_verification_has_come(void **state)
{
    (void)state;
    enum { LINK = 1, REJECTED = 2, NOT_TRIGGERED = 4, RECORD = 8 };
    static const struct {
        const char *members;
        enum verification verification;
        const char *word, *link;
        unsigned warned;
        const char *code, *message;
    } examples[] = {
        {"\"verification_status\":\"unverified\"", VERIFICATION_PENDING, "unverified", "", 0, "", ""},
        {"\"verification_status\":\"unverified\",\"verification_link\":\"https://verify.example.com/a?t=1\","
         "\"verification_link_error\":\"slow\"",
         VERIFICATION_PENDING, "unverified", "https://verify.example.com/a?t=1", 0, "", ""},
        {"\"verification_link\":null,\"verification_link_error\":\"no link for Alex\"", VERIFICATION_UNKNOWN,
         "", "", LINK, "link_error", "verification_link_error: no link for ‹first_name›"},
        {"\"verification_link_error\":{\"code\":\"link_failed\",\"message\":\"later\"}", VERIFICATION_UNKNOWN,
         "", "", LINK, "link_error", "link_failed; later"},
        {"\"verification_link_error\":\"\"", VERIFICATION_UNKNOWN, "", "", 0, "", ""},
        {"\"verification_link\":\"https://verify.example.com/a b\"", VERIFICATION_UNKNOWN, "", "", LINK,
         "link_error", "verification_link: not an https URL of at most 2,048 bytes"},
        {"\"status\":\"REJECTED\",\"verification_status\":\"unverified\"", VERIFICATION_REJECTED, "REJECTED",
         "", REJECTED, "verification_rejected", "REJECTED"},
        {"\"status\":\"active\",\"verification_status\":\"rejected\"", VERIFICATION_REJECTED, "rejected", "",
         REJECTED, "verification_rejected", "rejected"},
        {"\"verification_mode\":\"automatic\",\"verification_triggered\":false", VERIFICATION_UNKNOWN, "", "",
         NOT_TRIGGERED, "verification_not_triggered", "verification_triggered: false"},
        {"\"verification_mode\":\"verification_link\",\"verification_triggered\":false", VERIFICATION_UNKNOWN,
         "", "", 0, "", ""},
        {"\"verification_triggered\":false", VERIFICATION_UNKNOWN, "", "", 0, "",
         ""}, /* the mode is not known */
        {"\"verification_mode\":\"automatic\",\"verification_triggered\":true", VERIFICATION_UNKNOWN, "", "",
         0, "", ""},
        {"\"status\":\"REJECTED\",\"verification_link_error\":\"none\",\"warnings\":[\"odd\"]",
         VERIFICATION_REJECTED, "REJECTED", "", REJECTED | LINK | RECORD, "link_error",
         "REJECTED; verification_link_error: none; odd"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char body[512];
        snprintf(body, sizeof body, "{\"id\":\"u-1\",%s}", examples[i].members);
        struct outcome outcome = judge(&kira_provider, OPERATION_CREATE, 0, body);
        unsigned warned = (outcome.warned & OUTCOME_WARNED_LINK ? LINK : 0u) |
                          (outcome.warned & OUTCOME_WARNED_REJECTED ? REJECTED : 0u) |
                          (outcome.warned & OUTCOME_WARNED_NOT_TRIGGERED ? NOT_TRIGGERED : 0u) |
                          (outcome.warned & OUTCOME_WARNED_RECORD ? RECORD : 0u);
        if (outcome.verification != examples[i].verification || warned != examples[i].warned ||
            strcmp(outcome.verification_word, examples[i].word) != 0 ||
            strcmp(outcome.link, examples[i].link) != 0 || strcmp(outcome.code, examples[i].code) != 0 ||
            strcmp(outcome.message, examples[i].message) != 0)
            fail_msg("%s: %d %s, %x, link %s, %s, %s", examples[i].members, (int)outcome.verification,
                     outcome.verification_word, warned, outcome.link, outcome.code, outcome.message);
    }
}

/* The mode of the record counts where the reply has none. */
static void a_verification_in_automatic_mode_is_to_begin_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        bool warned;
    } examples[] = {{"automatic", true}, {"verification_link", false}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct sample sample;
        struct outcome outcome;
        sample_fill(&sample);
        sample_set(&sample, FIELD_VERIFICATION_MODE, examples[i].mode);
        const struct provider_reply reply = {
            .operation = OPERATION_CREATE,
            .sent = true,
            .complete = true,
            .http_status = 201,
            .body = SLICE_LITERAL("{\"id\":\"u-1\",\"verification_triggered\":false}")};
        outcome_table_classify(&kira_provider, &reply, &sample.record, &outcome);
        assert_int_equal(outcome.kind, OUTCOME_DONE);
        assert_int_equal(outcome.warned, examples[i].warned ? OUTCOME_WARNED_NOT_TRIGGERED : 0);
    }
}

static void an_update_shows_the_state_and_makes_no_link(void **state)
{
    (void)state;
    struct outcome outcome = judge(
        &kira_provider, OPERATION_UPDATE, 0,
        "{\"id\":\"u-1\",\"updated_fields\":[],\"verification_status\":\"rejected\",\"verification_link\":\"https://verify.example.com/a\"}");
    assert_int_equal(outcome.verification, VERIFICATION_REJECTED);
    assert_string_equal(outcome.verification_word, "rejected");
    assert_string_equal(outcome.link, "");
    assert_int_equal(outcome.warned, 0);
}

static void an_unknown_word_is_pending_and_marked(void **state)
{
    (void)state;
    struct outcome outcome =
        judge(&kira_provider, OPERATION_CREATE, 0, "{\"id\":\"u-1\",\"verification_status\":\"paused\"}");
    assert_int_equal(outcome.verification, VERIFICATION_PENDING);
    assert_string_equal(outcome.verification_word, "paused");
    assert_true(outcome.is_unknown_word);
    outcome =
        judge(&kira_provider, OPERATION_CREATE, 0, "{\"id\":\"u-1\",\"verification_status\":\"started\"}");
    assert_false(outcome.is_unknown_word);
}

/* Half of a link opens nothing. */
static void a_link_is_kept_whole_or_not_at_all(void **state)
{
    (void)state;
    enum { LEN_MAX = 2048 };
    for (size_t len = LEN_MAX; len <= LEN_MAX + 1; len++) {
        char link[LEN_MAX + 2], body[LEN_MAX + 100];
        memset(link, 'a', len);
        memcpy(link, "https://", 8);
        link[len] = '\0';
        snprintf(body, sizeof body, "{\"id\":\"u-1\",\"verification_link\":\"%s\"}", link);
        struct outcome outcome = judge(&kira_provider, OPERATION_CREATE, 0, body);
        assert_string_equal(outcome.link, len > LEN_MAX ? "" : link);
        assert_string_equal(outcome.code, len > LEN_MAX ? "link_error" : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_names_what_it_left_out),
        cmocka_unit_test(warnings_are_of_a_member_or_of_the_record),
        cmocka_unit_test(warnings_are_found_in_a_wrapper),
        cmocka_unit_test(a_create_shows_how_far_the_verification_has_come),
        cmocka_unit_test(a_verification_in_automatic_mode_is_to_begin_at_once),
        cmocka_unit_test(an_update_shows_the_state_and_makes_no_link),
        cmocka_unit_test(an_unknown_word_is_pending_and_marked),
        cmocka_unit_test(a_link_is_kept_whole_or_not_at_all),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("success", tests, NULL, NULL);
}
