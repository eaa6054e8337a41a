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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_names_what_it_left_out),
        cmocka_unit_test(warnings_are_of_a_member_or_of_the_record),
        cmocka_unit_test(warnings_are_found_in_a_wrapper),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("success", tests, NULL, NULL);
}
