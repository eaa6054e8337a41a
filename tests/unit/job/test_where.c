#include "unit/job/job_text.h"

#define WHERE(text) JOB_HEAD "input:\n  path: in.csv\n  where: " text "\n" JOB_PROVIDER JOB_FIELDS

static void both_kinds_of_condition_are_read_in_their_order(void **state)
{
    (void)state;
    struct job *job = job_text_load(WHERE("\n    - {column: status, must_match: '^active$'}\n"
                                          "    - {must_not_match: x, column: address.kind}"));
    assert_int_equal(job->input.where_count, 2);
    assert_string_equal(job->input.where[0].column.name, "status");
    assert_string_equal(job->input.where[0].pattern, "^active$");
    assert_true(job->input.where[0].must_match);
    assert_int_equal(job->input.where[0].column.place.line, 5);
    assert_int_equal(job->input.where[0].column.place.column, 16);
    assert_int_equal(job->input.where[0].pattern_place.column, 36);
    assert_string_equal(job->input.where[1].column.name, "address.kind");
    assert_string_equal(job->input.where[1].pattern, "x");
    assert_false(job->input.where[1].must_match);
    job_free(job);
}

static void a_job_without_conditions_has_none(void **state)
{
    (void)state;
    struct job *job = job_text_load(JOB_WHOLE);
    assert_int_equal(job->input.where_count, 0);
    job_free(job);
}

static void what_is_no_condition_is_refused(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"one condition alone", WHERE("{column: a, must_match: b}"), "4:10: `where` should be a list"},
        {"a text", WHERE("active"), "4:10: `where` should be a list, and is a value"},
        {"nothing", WHERE(""), "4:3: `where` should be a list, and is nothing"},
        {"no condition", WHERE("[]"), "4:10: `where` is an empty list\nhint: leave it out"},
        {"a text in the list", WHERE("[active]"), "4:11: this should be a mapping"},
        {"no column", WHERE("[{must_match: b}]"), "4:11: this condition needs a `column`\nhint: as in {"},
        {"no pattern", WHERE("[{column: a}]"),
         "4:11: this condition needs `must_match` or `must_not_match`\nhint: as in {"},
        {"both patterns", WHERE("[{column: a, must_match: b, must_not_match: c}]"),
         "4:11: a condition has one of `must_match` and `must_not_match`, not both\nhint: write two"},
        {"an empty pattern", WHERE("[{column: a, must_match: ''}]"), "4:35: `must_match` is empty"},
        {"a list of columns", WHERE("[{column: [a, b], must_match: c}]"), "4:20: `column` should be"},
        {"a misspelt key", WHERE("[{colum: a, must_match: b}]"),
         "4:12: unknown key `colum` in `where`\nhint: did you mean `column`?"},
        {"a key of a rule", WHERE("[{field: a, must_match: b}]"), "4:12: unknown key `field` in `where`"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_of_condition_are_read_in_their_order),
        cmocka_unit_test(a_job_without_conditions_has_none),
        cmocka_unit_test(what_is_no_condition_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("job_where", tests, job_text_setup, job_text_teardown);
}
