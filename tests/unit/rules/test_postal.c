/* Postal codes: the forms of countries, and zeros that a spreadsheet has dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/postal.h"
#include "unit/rules/fixture.h"

static void a_code_has_the_form_of_its_country(void **state)
{
    (void)state;
    static const struct {
        const char *country, *code;
        enum postal_result result;
        size_t missing;
    } cases[] = {
        {"US", "02139", POSTAL_GOOD, 0},
        {"US", "94607-1234", POSTAL_GOOD, 0},
        {"US", "946071234", POSTAL_GOOD, 0},
        {"US", "94607 1234", POSTAL_GOOD, 0},
        {"US", "2139", POSTAL_LOST_ZERO, 1},
        {"US", "501", POSTAL_LOST_ZERO, 2},
        {"US", "21391234", POSTAL_LOST_ZERO, 1},
        {"US", "2139-1234", POSTAL_LOST_ZERO, 1},
        {"US", "946071", POSTAL_BAD, 0},
        {"US", "9460A", POSTAL_BAD, 0},
        {"US", "94607|999999999", POSTAL_BAD, 0},
        {"US", "1", POSTAL_BAD, 0},
        {"PR", "601", POSTAL_LOST_ZERO, 2},
        {"DE", "10115", POSTAL_GOOD, 0},
        {"DE", "1067", POSTAL_LOST_ZERO, 1},
        {"DE", "DE-10115", POSTAL_GOOD, 0},
        {"DE", "D-10115", POSTAL_BAD, 0},
        {"FR", "1000", POSTAL_LOST_ZERO, 1},
        {"AT", "1010", POSTAL_GOOD, 0},
        {"AT", "101", POSTAL_BAD, 0},
        {"CH", "8001", POSTAL_GOOD, 0},
        {"NO", "150", POSTAL_LOST_ZERO, 1},
        {"NL", "1234 AB", POSTAL_GOOD, 0},
        {"NL", "1234AB", POSTAL_GOOD, 0},
        {"NL", "1234", POSTAL_BAD, 0},
        {"GB", "SW1A 1AA", POSTAL_GOOD, 0},
        {"GB", "M1 1AE", POSTAL_GOOD, 0},
        {"GB", "CR26XH", POSTAL_GOOD, 0},
        {"GB", "12345", POSTAL_BAD, 0},
        {"CA", "K1A 0B1", POSTAL_GOOD, 0},
        {"CA", "K1A", POSTAL_BAD, 0},
        {"IE", "D02 AF30", POSTAL_GOOD, 0},
        {"IE", "D6W XY00", POSTAL_GOOD, 0},
        {"PL", "00-950", POSTAL_GOOD, 0},
        {"PL", "00950", POSTAL_GOOD, 0},
        {"PL", "950", POSTAL_LOST_ZERO, 2},
        {"SE", "114 55", POSTAL_GOOD, 0},
        {"SE", "SE-114 55", POSTAL_GOOD, 0},
        {"LV", "LV-1050", POSTAL_GOOD, 0},
        {"LT", "LT-01100", POSTAL_GOOD, 0},
        {"PT", "1000-205", POSTAL_GOOD, 0},
        {"BR", "01310-100", POSTAL_GOOD, 0},
        {"BR", "1310100", POSTAL_LOST_ZERO, 1},
        {"JP", "060-0000", POSTAL_GOOD, 0},
        {"JP", "600000", POSTAL_LOST_ZERO, 1},
        {"IN", "110001", POSTAL_GOOD, 0},
        {"IN", "11001", POSTAL_BAD, 0},
        {"AR", "C1425CLA", POSTAL_GOOD, 0},
        {"AR", "1425", POSTAL_GOOD, 0},
        {"MT", "VLT 1117", POSTAL_GOOD, 0},
        {"AD", "AD500", POSTAL_GOOD, 0},
        {"GI", "GX11 1AA", POSTAL_GOOD, 0},
        {"MC", "98000", POSTAL_GOOD, 0},
        {"BM", "HM 12", POSTAL_GOOD, 0},
        {"BM", "HM CX", POSTAL_GOOD, 0},
        {"HK", "999077", POSTAL_GOOD, 0},
        {"AE", "00000", POSTAL_GOOD, 0},
        {"XX", "anything", POSTAL_GOOD, 0},
        {"", "2139", POSTAL_GOOD, 0},
        {"0C", "2139", POSTAL_GOOD, 0},
        {"US", "12345678901234567890", POSTAL_BAD, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *forms;
        size_t missing = 0;
        enum postal_result result =
            postal_read(slice_from(cases[i].code), slice_from(cases[i].country), &forms, &missing);
        if (result != cases[i].result || (result == POSTAL_LOST_ZERO && missing != cases[i].missing))
            fail_msg("%s %s: %d, %zu missing", cases[i].country, cases[i].code, (int)result, missing);
    }
}

static const char *validate(struct fixture *fixture, const char *code, const char *country)
{
    fixture_map(fixture, FIELD_POSTAL_CODE, code);
    fixture_map(fixture, FIELD_COUNTRY, country);
    return fixture_validate(fixture);
}

static bool says(const struct fixture *fixture, const char *text)
{
    struct slice message = fixture->record.verdicts[0].message;
    return memmem(message.data, message.len, text, strlen(text)) != NULL;
}

static void another_form_is_a_warning_and_is_sent(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    assert_string_equal(validate(fixture, "2139", "United States"), "postal_code/format(warn)");
    assert_true(says(fixture, "it was probably \"02139\""));
    assert_string_equal(fixture_value(fixture, FIELD_POSTAL_CODE), "2139");
    assert_string_equal(validate(fixture, "1234", "NL"), "postal_code/format(warn)");
    assert_true(says(fixture, "9999AA"));
    assert_string_equal(validate(fixture, "k1a 0b1", "CA"), "");
    assert_string_equal(validate(fixture, "2139", "AT"), "");
    assert_string_equal(validate(fixture, "2139", ""), "");
    assert_string_equal(validate(fixture, "", "US"), "");
    assert_string_equal(validate(fixture, "94607.0", "US"), "postal_code/damaged");
    assert_string_equal(validate(fixture, "'94607", "US"), "postal_code/guard(warn)");
    fixture_free(fixture);
}

static void a_pattern_of_the_job_replaces_it(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_MATCH, FIELD_POSTAL_CODE);
    rule->pattern = "^\\d{4,5}$";
    fixture_when(fixture, rule, FIELD_COUNTRY, "US");
    assert_string_equal(validate(fixture, "2139", "US"), "");
    assert_string_equal(validate(fixture, "x", "US"), "postal_code/format");
    assert_string_equal(validate(fixture, "1067", "DE"), "postal_code/format(warn)");
    fixture_free(fixture);
}

static void a_rule_sets_the_level(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_POSTAL_CODE)->name = RULE_FORMAT;
    assert_string_equal(validate(fixture, "2139", "US"), "postal_code/format");
    fixture_free(fixture);

    fixture = fixture_new();
    fixture_map(fixture, FIELD_CITY, "Rome");
    fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_CITY)->name = RULE_FORMAT;
    assert_false(fixture_build(fixture));
    assert_non_null(strstr(fixture->error.text, "only postal_code has"));
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_has_the_form_of_its_country),
        cmocka_unit_test(another_form_is_a_warning_and_is_sent),
        cmocka_unit_test(a_pattern_of_the_job_replaces_it),
        cmocka_unit_test(a_rule_sets_the_level),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("postal", tests, NULL, NULL);
}
