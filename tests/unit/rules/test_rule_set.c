#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/rules/fixture.h"

static void expect_error(struct fixture *fixture, const char *part)
{
    if (fixture_build(fixture))
        fail_msg("no error; expected: %s", part);
    assert_int_equal(fixture->error.scope, ERROR_USAGE);
    if (!strstr(fixture->error.text, part))
        fail_msg("%s", fixture->error.text);
    fixture_free(fixture);
}

static void a_missing_column_names_the_nearest(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_EMAIL, "")->columns->name = "emial";
    expect_error(
        fixture,
        "the input has no column \"emial\"; its header is: email, external_id, last_name\nhint: did you mean \"email\"?");

    fixture = fixture_new();
    fixture_map(fixture, FIELD_EMAIL, "")->columns->name = "Mobilfunknummer";
    expect_error(fixture, "the input has no column \"Mobilfunknummer\"");
}

static void a_column_named_twice_is_an_error_when_it_is_mapped(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_EMAIL, "");
    fixture->columns[fixture->column_count++] = slice_from("email");
    expect_error(fixture, "has the column \"email\" twice");

    fixture = fixture_new();
    fixture_map(fixture, FIELD_EMAIL, "");
    fixture->columns[fixture->column_count++] = slice_from("x");
    fixture->columns[fixture->column_count++] = slice_from("x");
    assert_true(fixture_build(fixture));
    fixture_free(fixture);
}

static void a_required_field_must_be_mapped_or_relaxed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_EXTERNAL_ID, "");
    struct rule_set *set = rule_set_new(&fixture->job, &fixture_provider, fixture->columns,
                                        fixture->column_count, TODAY, &fixture->error);
    assert_null(set);
    assert_non_null(strstr(fixture->error.text, "requires last_name"));

    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_LAST_NAME)->required = false;
    set = rule_set_new(&fixture->job, &fixture_provider, fixture->columns, fixture->column_count, TODAY,
                       &fixture->error);
    assert_non_null(set);
    rule_set_free(set);
    fixture_free(fixture);
}

static void words_that_the_provider_does_not_know_are_errors(void **state)
{
    (void)state;
    static struct job_value_map map[] = {{.from = SLICE_LITERAL("Nurse"), .to = SLICE_LITERAL("helthcare")}};
    struct fixture *fixture = fixture_new();
    struct job_mapping *mapping = fixture_map(fixture, FIELD_OCCUPATION, "");
    mapping->values = map;
    mapping->value_count = 1;
    expect_error(
        fixture,
        "occupation: \"helthcare\" is not one of the provider's values\nhint: did you mean `healthcare`?");

    fixture = fixture_new();
    fixture_map(fixture, FIELD_OCCUPATION, "")->otherwise = "none";
    expect_error(fixture, "\"none\" is not one of the provider's values");

    fixture = fixture_new();
    mapping = fixture_map(fixture, FIELD_LANGUAGE, "");
    mapping->column_count = 0;
    mapping->constant = "xx";
    expect_error(fixture, "\"xx\" is not a known language");

    fixture = fixture_new();
    mapping = fixture_map(fixture, FIELD_COUNTRY, "");
    mapping->column_count = 0;
    mapping->constant = "Atlantis";
    expect_error(fixture, "\"Atlantis\" is not a known country");
}

static void formats_and_patterns_must_be_usable(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    const char *formats[] = {"DD/MM/YYYYY"};
    struct job_mapping *mapping = fixture_map(fixture, FIELD_DATE_OF_BIRTH, "");
    mapping->formats = formats;
    mapping->format_count = 1;
    expect_error(fixture, "`DD/MM/YYYYY` cannot be read");

    fixture = fixture_new();
    fixture_map(fixture, FIELD_EMAIL, "");
    fixture_rule(fixture, JOB_RULE_MATCH, FIELD_EMAIL)->pattern = "(a";
    expect_error(fixture, "the pattern does not compile");

    fixture = fixture_new();
    fixture_map(fixture, FIELD_EMAIL, "");
    fixture_rule(fixture, JOB_RULE_MATCH, FIELD_EMAIL)->pattern = "(*NO_JIT)a";
    expect_error(fixture, "JIT");
}

static void a_condition_is_written_in_normal_form(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_COUNTRY, "");
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_COUNTRY);
    rule->required = true;
    fixture_when(fixture, rule, FIELD_COUNTRY, "Germany");
    expect_error(fixture, "write DE instead of Germany");
}

static void a_field_without_a_place_is_read_only_when_a_rule_names_it(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_GENDER, "f");
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, FIELD_GENDER), "-");

    fixture_rule(fixture, JOB_RULE_MATCH, FIELD_GENDER)->pattern = "^m$";
    assert_true(fixture_build(fixture));
    assert_string_equal(fixture_validate(fixture), "gender/format");
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_column_names_the_nearest),
        cmocka_unit_test(a_column_named_twice_is_an_error_when_it_is_mapped),
        cmocka_unit_test(a_required_field_must_be_mapped_or_relaxed),
        cmocka_unit_test(words_that_the_provider_does_not_know_are_errors),
        cmocka_unit_test(formats_and_patterns_must_be_usable),
        cmocka_unit_test(a_condition_is_written_in_normal_form),
        cmocka_unit_test(a_field_without_a_place_is_read_only_when_a_rule_names_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rule_set", tests, NULL, NULL);
}
