#include "unit/job/job_text.h"

#include "model/record.h"

#define RULES(text) JOB_WHOLE "rules:\n" text

static void every_form_of_the_specification_is_read(void **state)
{
    (void)state;
    struct job *job = job_text_load(
        RULES("  - {field: email, must_match: '@(?!mailinator\\.com$)', rule: disposable, message: "
              "disposable mail domain}\n"
              "  - {field: postal_code, when: {country: US, state: CA}, must_match: '^\\d{5}$'}\n"
              "  - {field: employer_name, must_not_match: '(?i)^test', level: warn}\n"
              "  - {field: birth_city, required: false}\n"
              "  - {rule: min_age, years: 18}\n"
              "  - {rule: valid, field: phone, level: reject}\n"
              "  - {rule: unique, field: email, level: warn}\n"
              "  - {rule: unique, field: external_id}\n"
              "  - {rule: unique, field: phone}\n"));
    assert_int_equal(job->rule_count, 9);
    const struct job_rule *rule = job->rules;
    assert_int_equal(rule->kind, JOB_RULE_MATCH);
    assert_int_equal(rule->field, FIELD_EMAIL);
    assert_string_equal(rule->name, "disposable");
    assert_string_equal(rule->message, "disposable mail domain");
    assert_string_equal(rule->pattern, "@(?!mailinator\\.com$)");
    assert_int_equal(rule->pattern_place.line, 6);
    assert_int_equal(rule->pattern_place.column, 32);
    assert_int_equal(rule->level, VERDICT_REJECT);
    rule++;
    assert_string_equal(rule->name, "format");
    assert_int_equal(rule->condition_count, 2);
    assert_int_equal(rule->conditions[0].field, FIELD_COUNTRY);
    assert_true(slice_is(rule->conditions[0].value, "US"));
    assert_int_equal(rule->conditions[1].field, FIELD_STATE);
    rule++;
    assert_int_equal(rule->kind, JOB_RULE_NOT_MATCH);
    assert_int_equal(rule->level, VERDICT_WARN);
    rule++;
    assert_int_equal(rule->kind, JOB_RULE_REQUIRED);
    assert_int_equal(rule->field, FIELD_BIRTH_CITY);
    assert_false(rule->required);
    rule++;
    assert_int_equal(rule->kind, JOB_RULE_MIN_AGE);
    assert_int_equal(rule->field, FIELD_DATE_OF_BIRTH);
    assert_int_equal(rule->years, 18);
    rule++;
    assert_int_equal(rule->kind, JOB_RULE_VALID);
    assert_int_equal(rule->field, FIELD_PHONE);
    rule++;
    assert_int_equal(rule->kind, JOB_RULE_UNIQUE);
    assert_int_equal(rule->level, VERDICT_WARN);
    assert_int_equal(rule->unique_index, 1);
    rule++;
    assert_int_equal(rule->unique_index, 0);
    rule++;
    assert_int_equal(rule->unique_index, 2);
    assert_int_equal(job->unique_count, 3);
    job_free(job);
}

static void a_rule_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"a misspelt field", RULES("  - {field: emial, must_match: x}\n"),
         "6:13: there is no customer field `emial`\nhint: did you mean `email`?"},
        {"a misspelt key", RULES("  - {field: email, must_mach: x}\n"),
         "6:20: unknown key `must_mach` in `rules`\nhint: did you mean `must_match`?"},
        {"a misspelt field in when", RULES("  - {field: email, must_match: x, when: {contry: US}}\n"),
         "6:42: there is no customer field `contry`\nhint: did you mean `country`?"},
        {"no kind", RULES("  - {field: email}\n"), "6:5: a rule needs `must_match`"},
        {"two kinds", RULES("  - {field: email, must_match: a, must_not_match: b}\n"),
         "6:5: a rule has one of"},
        {"a pattern and required", RULES("  - {field: email, must_match: a, required: true}\n"),
         "6:5: a rule has one of"},
        {"a misspelt rule", RULES("  - {rule: uniqe, field: email}\n"),
         "6:12: `uniqe` is a name without `must_match` or `must_not_match`\nhint: did you mean `unique`?"},
        {"a rule's word as a name", RULES("  - {rule: unique, field: email, must_match: x}\n"),
         "6:12: `unique` is a built-in rule"},
        {"a name with a slash", RULES("  - {rule: a/b, field: email, must_match: x}\n"),
         "6:12: `a/b` is not a name for a rule"},
        {"a pattern without a field", RULES("  - {must_match: x}\n"), "6:5: this rule needs a `field`"},
        {"unique without a field", RULES("  - {rule: unique}\n"), "6:5: this rule needs a `field`"},
        {"min_age without years", RULES("  - {rule: min_age}\n"), "6:5: `rule: min_age` needs `years`"},
        {"min_age of another field", RULES("  - {rule: min_age, years: 18, field: email}\n"),
         "6:39: `rule: min_age` applies to date_of_birth"},
        {"min_age over a life", RULES("  - {rule: min_age, years: 121}\n"), "6:28: `121` is out of range"},
        {"years of a pattern", RULES("  - {field: email, must_match: x, years: 3}\n"),
         "6:35: `years` has no effect in a rule with a pattern"},
        {"years and a level of valid", RULES("  - {rule: valid, field: phone, level: warn, years: 3}\n"),
         "6:46: `years` has no effect in a rule with `rule: valid`"},
        {"years of time", RULES("  - {rule: time, field: date_of_birth, level: warn, years: 3}\n"),
         "6:53: `years` has no effect in a rule with `rule: time`"},
        {"years of unique", RULES("  - {rule: unique, field: email, years: 3}\n"),
         "6:34: `years` has no effect in a rule with `rule: unique`"},
        {"a message of unique", RULES("  - {rule: unique, field: email, message: x}\n"),
         "6:34: `message` has no effect in a rule with `rule: unique`"},
        {"a message of required: false", RULES("  - {field: email, required: false, message: x}\n"),
         "6:37: `message` has no effect in a rule with `required: false`"},
        {"valid of another field", RULES("  - {rule: valid, field: email}\n"),
         "6:26: `rule: valid` applies to phone"},
        {"time of another field", RULES("  - {rule: time, field: email, level: warn}\n"),
         "6:25: `rule: time` applies to a date"},
        {"time without a level", RULES("  - {rule: time, field: date_of_birth}\n"),
         "6:5: `rule: time` needs `level`"},
        {"match without a level", RULES("  - {rule: match, field: city}\n"),
         "6:5: `rule: match` needs `level`\nhint: as in {rule: match, field: city, level: warn}"},
        {"years of match", RULES("  - {rule: match, field: city, level: warn, years: 3}\n"),
         "6:45: `years` has no effect in a rule with `rule: match`"},
        {"match twice",
         RULES("  - {rule: match, field: city, level: warn}\n  - {rule: match, field: city, level: warn}\n"),
         "7:5: `match` of `city` is given twice"},
        {"time twice",
         RULES("  - {rule: time, field: date_of_birth, level: warn}\n"
               "  - {rule: time, field: date_of_birth, level: reject}\n"),
         "7:5: `time` of `date_of_birth` is given twice"},
        {"a level of required: false", RULES("  - {field: email, required: false, level: warn}\n"),
         "6:37: `level` has no effect in a rule with `required: false`"},
        {"a name of required", RULES("  - {field: email, required: true, rule: needed}\n"),
         "6:36: `rule` has no effect in a rule with `required`"},
        {"a field of the job's own that is not mapped", RULES("  - {field: metadata.plan, required: true}\n"),
         "6:13: `metadata.plan` is not mapped in `fields`"},
        {"required with a word", RULES("  - {field: email, required: maybe}\n"),
         "6:30: `maybe` is neither true nor false"},
        {"external_id not required", RULES("  - {field: external_id, required: false}\n"),
         "6:36: `external_id` is always required"},
        {"external_id unique as a warning", RULES("  - {rule: unique, field: external_id, level: warn}\n"),
         "6:47: `external_id` is always unique"},
        {"the same twice", RULES("  - {rule: unique, field: email}\n  - {rule: unique, field: email}\n"),
         "7:5: `unique` of `email` is given twice"},
        {"a level of its own", RULES("  - {field: email, must_match: x, level: error}\n"),
         "6:42: `error` is not a value of `level`"},
        {"a mapping for the list", JOB_WHOLE "rules: {field: email}\n",
         "5:8: `rules` should be a list, and is a mapping"},
        {"a value in the list", RULES("  - min_age\n"), "6:5: this should be a mapping, and is a value"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

static void a_rule_may_have_a_condition_and_a_level(void **state)
{
    (void)state;
    struct job *job = job_text_load(RULES(
        "  - {field: state, required: true, when: {country: US}, level: warn, message: a state is good}\n"
        "  - {field: state, required: true, when: {country: CA}}\n"
        "  - {field: birth_city, required: false, when: {country: GB}}\n"
        "  - {rule: min_age, years: 21, when: {country: US}, level: warn}\n"
        "  - {rule: valid, field: phone, level: warn, when: {country: US}}\n"
        "  - {rule: unique, field: email, when: {country: US}}\n"));
    assert_int_equal(job->rule_count, 6);
    assert_int_equal(job->rules[0].level, VERDICT_WARN);
    assert_string_equal(job->rules[0].message, "a state is good");
    for (size_t i = 0; i < job->rule_count; i++)
        assert_int_equal(job->rules[i].condition_count, 1);
    assert_int_equal(job->rules[3].level, VERDICT_WARN);
    job_free(job);
}

static void unique_fields_are_bounded_by_the_record(void **state)
{
    (void)state;
    static const char *const fields[] = {"email", "phone",   "first_name", "last_name",  "city",
                                         "state", "country", "language",   "national_id"};
    char text[2048] = RULES("");
    for (size_t index = 0; index < RECORD_UNIQUE_MAX - 1; index++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "  - {rule: unique, field: %s}\n",
                       fields[index]);
    struct job *job = job_text_load(text);
    assert_int_equal(job->unique_count, RECORD_UNIQUE_MAX);
    job_free(job);
    (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                   "  - {rule: unique, field: national_id}\n");
    assert_non_null(strstr(job_text_refuse(text), "at most 8 fields may be unique"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_the_specification_is_read),
        cmocka_unit_test(a_rule_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_rule_may_have_a_condition_and_a_level),
        cmocka_unit_test(unique_fields_are_bounded_by_the_record),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rules", tests, job_text_setup, job_text_teardown);
}
