#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/rules/fixture.h"

/* A row of the columns external_id, last_name and city, and conditions on them. */
struct filtered {
    struct fixture *fixture;
    struct job_where where[4];
};

static struct filtered *filtered_new(const char *city)
{
    struct filtered *filtered = calloc(1, sizeof *filtered);
    filtered->fixture = fixture_new();
    filtered->fixture->job.input.where = filtered->where;
    fixture_map(filtered->fixture, FIELD_CITY, city);
    return filtered;
}

static void filtered_free(struct filtered *filtered)
{
    fixture_free(filtered->fixture);
    free(filtered);
}

static void add_where(struct filtered *filtered, const char *column, bool must_match, const char *pattern)
{
    filtered->where[filtered->fixture->job.input.where_count++] =
        (struct job_where){.column.name = column, .pattern = pattern, .must_match = must_match};
}

/* `kept`, `skipped by N`, or the verdicts. */
static const char *result_of(struct filtered *filtered)
{
    struct fixture *fixture = filtered->fixture;
    const char *verdicts = fixture_validate(fixture);
    if (!fixture->record.skipped)
        return *verdicts ? verdicts : "kept";
    assert_int_equal(fixture->record.verdict_count, 0);
    assert_false(fixture->record.rejected);
    assert_null(fixture->record.values);
    assert_int_equal(fixture->record.unique_known, 0);
    return arena_printf(&fixture->arena, "skipped by %u", fixture->record.skipped_by).data;
}

static void check(const char *city, bool must_match, const char *pattern, const char *want)
{
    struct filtered *filtered = filtered_new(city);
    add_where(filtered, "city", must_match, pattern);
    const char *got = result_of(filtered);
    if (strcmp(got, want) != 0)
        fail_msg("\"%s\" %s %s: %s, not %s", city, must_match ? "must match" : "must not match", pattern, got,
                 want);
    filtered_free(filtered);
}

static void a_condition_searches_the_trimmed_value(void **state)
{
    (void)state;
    check("Paris", true, "^Paris$", "kept");
    check("Paris", true, "^Lyon$", "skipped by 1");
    check("Paris", true, "ari", "kept"); /* not anchored */
    check(" \tParis\xc2\xa0", true, "^Paris$", "kept");
    check("Paris", false, "^Paris$", "skipped by 1");
    check("Paris", false, "^Lyon$", "kept");
    check("paris", true, "^Paris$", "skipped by 1");
    check("Zo\xc3\xab", true, "^...$", "kept");
}

static void a_value_that_is_null_is_the_empty_string(void **state)
{
    (void)state;
    static const char *const nothing[] = {"", "   ", "N/A", " N/A "};
    for (size_t i = 0; i < COUNT(nothing); i++) {
        check(nothing[i], true, "^$", "kept");
        check(nothing[i], true, ".", "skipped by 1");
        check(nothing[i], false, "^$", "skipped by 1");
        check(nothing[i], false, "A", "kept");
    }
    check("n/a", true, "^$", "skipped by 1"); /* not a null value of the job */
}

static void all_conditions_must_hold(void **state)
{
    (void)state;
    struct filtered *filtered = filtered_new("Paris");
    fixture_map(filtered->fixture, FIELD_STATE, "gone");
    add_where(filtered, "city", true, "^P");
    add_where(filtered, "state", true, "^$");
    add_where(filtered, "city", true, "x");
    assert_string_equal(result_of(filtered), "skipped by 2");
    filtered->fixture->cells[1] = slice_from("");
    assert_string_equal(result_of(filtered), "skipped by 3");
    filtered->fixture->cells[0] = slice_from("Pxris");
    assert_string_equal(result_of(filtered), "kept");
    filtered_free(filtered);
}

/* Results are cached by the cell: one that is alike but for a letter in the middle has the same place there.
 */
static void the_same_value_gets_the_same_result_again(void **state)
{
    (void)state;
    static const char *const cells[] = {"active", "acrive",    "active", " active", "acrive", "",
                                        "active", "act\xffve", "active", "a",       "acrive"};
    struct filtered *filtered = filtered_new("");
    add_where(filtered, "city", true, "^active$");
    for (size_t i = 0; i < COUNT(cells); i++) {
        filtered->fixture->cells[0] = slice_from(cells[i]);
        const char *want = strstr(cells[i], "active") ? "kept"
                           : strstr(cells[i], "\xff") ? "city/encoding record/where"
                                                      : "skipped by 1";
        assert_string_equal(result_of(filtered), want);
    }
    filtered_free(filtered);
}

static void a_skipped_record_is_not_validated(void **state)
{
    (void)state;
    struct filtered *filtered = filtered_new("closed");
    fixture_map(filtered->fixture, FIELD_EMAIL, "not an address");
    add_where(filtered, "city", true, "^active$");
    assert_string_equal(result_of(filtered), "skipped by 1");
    filtered->fixture->cells[0] = slice_from("active");
    assert_string_equal(result_of(filtered), "email/format");
    filtered_free(filtered);
}

static void a_column_that_is_not_mapped_can_be_judged(void **state)
{
    (void)state;
    struct filtered *filtered = filtered_new("Paris");
    filtered->fixture->columns[1] = slice_from("status");
    filtered->fixture->cells[1] = slice_from("closed");
    filtered->fixture->column_count = 2;
    /* fixture_map adds the columns of the fields that are missing behind it */
    filtered->fixture->mappings[1] =
        (struct job_mapping){.field = FIELD_EMPLOYER_NAME, .constant = "Example"};
    filtered->fixture->job.mapping_count = 2;
    add_where(filtered, "status", true, "^active$");
    assert_string_equal(result_of(filtered), "skipped by 1");
    filtered->fixture->cells[1] = slice_from("active");
    assert_string_equal(result_of(filtered), "kept");
    filtered_free(filtered);
}

/* With the reason in the message. */
static void a_value_that_cannot_be_read_rejects_the_record(void **state)
{
    (void)state;
    struct filtered *filtered = filtered_new("Par\xffis");
    add_where(filtered, "city", true, "^Paris$");
    add_where(filtered, "external_id", true, "^$"); /* does not hold: it is rejected, not skipped */
    assert_string_equal(result_of(filtered), "city/encoding record/where");
    assert_true(filtered->fixture->record.rejected);
    assert_non_null(memmem(filtered->fixture->record.verdicts[1].message.data,
                           filtered->fixture->record.verdicts[1].message.len, "\"city\" of input.where", 21));
    filtered_free(filtered);

    filtered = filtered_new("active\x81"); /* windows-1252 does not define it */
    filtered->fixture->job.input.encoding = encoding_windows1252;
    add_where(filtered, "city", true, "^active");
    assert_string_equal(result_of(filtered), "city/encoding record/where");
    filtered->fixture->cells[0] = slice_from("caf\xe9");
    assert_string_equal(result_of(filtered), "skipped by 1");
    filtered->fixture->cells[0] = slice_from("active \xe9");
    assert_string_equal(result_of(filtered), "kept");
    filtered_free(filtered);
}

static void a_pattern_that_becomes_expensive_rejects_the_record(void **state)
{
    (void)state;
    struct filtered *filtered =
        filtered_new("qzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqz!");
    /* not found when the job is loaded: it needs two characters in turn */
    add_where(filtered, "city", true, "^([a-p]?(qz|qzqz))+$");
    assert_string_equal(result_of(filtered), "record/expensive");
    filtered_free(filtered);
}

static void a_condition_that_cannot_be_prepared_is_an_error_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *column, *pattern, *want;
    } cases[] = {
        {"city", "(a+)+$", "test.yaml:4:9: the pattern exceeds the match limit"},
        {"city", "(\\w+\\s?)+$", "test.yaml:4:9: the pattern exceeds the match limit"},
        {"city", "a(", "test.yaml:4:9: the pattern does not compile"},
        {"town", "a", "test.yaml:4:3: the input has no column \"town\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct filtered *filtered = filtered_new("Paris");
        add_where(filtered, cases[i].column, true, cases[i].pattern);
        filtered->where[0].column.place = (struct job_place){4, 3};
        filtered->where[0].pattern_place = (struct job_place){4, 9};
        assert_false(fixture_build(filtered->fixture));
        assert_int_equal(filtered->fixture->error.scope, ERROR_USAGE);
        if (strncmp(filtered->fixture->error.text, cases[i].want, strlen(cases[i].want)) != 0)
            fail_msg("%s: %s", cases[i].want, filtered->fixture->error.text);
        filtered_free(filtered);
    }
}

static void a_path_to_several_values_is_refused(void **state)
{
    (void)state;
    struct filtered *filtered = filtered_new("Paris");
    filtered->fixture->job.input.format = JOB_FORMAT_NDJSON;
    add_where(filtered, "tags[*]", true, "a");
    filtered->where[0].column.place = (struct job_place){4, 3};
    assert_false(fixture_build(filtered->fixture));
    assert_non_null(strstr(filtered->fixture->error.text, "test.yaml:4:3: \"tags[*]\" is a list"));
    filtered_free(filtered);
}

/* The result of one line of NDJSON with the condition that `s.t` must match ^on$. */
static const char *line_result(struct filtered *filtered, const char *line)
{
    struct fixture *fixture = filtered->fixture;
    static char padded[256 + 64];
    assert_true(strlen(line) < 256);
    memset(padded, 0, sizeof padded);
    memcpy(padded, line, strlen(line));
    memset(&fixture->record, 0, sizeof fixture->record);
    fixture->record.raw = slice_make(padded, strlen(line));
    rule_worker_validate(fixture->worker, &fixture->record, &fixture->arena);
    if (fixture->record.skipped)
        return "skipped";
    const char *verdicts = fixture_verdicts(fixture);
    return *verdicts ? verdicts : "kept";
}

static void a_path_of_ndjson_can_be_judged(void **state)
{
    (void)state;
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\",\"s\":{\"t\":\"on\"}}", "kept"},
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\",\"s\":{\"t\":\"off\"}}", "skipped"},
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\",\"s\":{\"t\":null}}", "skipped"},
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\"}", "skipped"},
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\",\"s\":{\"t\":true}}", "skipped"},
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\",\"s\":{\"t\":{\"u\":\"on\"}}}", "record/where"},
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\",\"s\":{\"t\":[\"on\"]}}", "record/where"},
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\",\"s\":{\"t\":\"o\\ufffdn\"}}", "record/where"},
        {"{\"external_id\":\"C-1\",\"last_name\":\"A\",\"s\":{\"t\":{\"$oid\":\"on\"}}}", "kept"},
        {"{\"external_id\":\"C-1\",\"s\":{\"t\":\"off\"}}", "skipped"},
        {"{\"external_id\":\"C-1\",", "record/malformed"},
    };
    struct filtered *filtered = filtered_new("");
    filtered->fixture->job.input.format = JOB_FORMAT_NDJSON;
    add_where(filtered, "s.t", true, "^on$");
    assert_true(fixture_build(filtered->fixture));
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = line_result(filtered, cases[i].line);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: %s, not %s", cases[i].line, got, cases[i].want);
    }
    filtered_free(filtered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_searches_the_trimmed_value),
        cmocka_unit_test(a_value_that_is_null_is_the_empty_string),
        cmocka_unit_test(all_conditions_must_hold),
        cmocka_unit_test(the_same_value_gets_the_same_result_again),
        cmocka_unit_test(a_skipped_record_is_not_validated),
        cmocka_unit_test(a_column_that_is_not_mapped_can_be_judged),
        cmocka_unit_test(a_value_that_cannot_be_read_rejects_the_record),
        cmocka_unit_test(a_pattern_that_becomes_expensive_rejects_the_record),
        cmocka_unit_test(a_condition_that_cannot_be_prepared_is_an_error_at_its_place),
        cmocka_unit_test(a_path_to_several_values_is_refused),
        cmocka_unit_test(a_path_of_ndjson_can_be_judged),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("row_filter", tests, NULL, NULL);
}
