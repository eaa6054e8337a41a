/* A line of NDJSON: the values at the job's columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/json.h"
#include "unit/rules/fixture.h"

/* A job whose external_id and last_name are members of their own names. */
static struct fixture *ndjson_new(void)
{
    struct fixture *fixture = fixture_new();
    fixture->job.input.format = JOB_FORMAT_NDJSON;
    return fixture;
}

static struct job_mapping *map(struct fixture *fixture, enum field_id field, const char *column)
{
    struct job_mapping *mapping = fixture_map(fixture, field, "");
    mapping->columns->name = column;
    return mapping;
}

static const char *validate(struct fixture *fixture, struct slice line)
{
    if (!fixture->set && !fixture_build(fixture))
        fail_msg("%s", fixture->error.text);
    char *raw = arena_bytes(&fixture->arena, line.len + JSON_PADDING);
    memset(raw, 'x', line.len + JSON_PADDING);
    memcpy(raw, line.data, line.len);
    fixture->record = (struct record){.row = 1, .line = 1, .raw = slice_make(raw, line.len)};
    rule_worker_validate(fixture->worker, &fixture->record, &fixture->arena);
    return fixture_verdicts(fixture);
}

#define OBJECT(members)                                                                                      \
    {                                                                                                        \
        "{\"external_id\":\"C-1\",\"last_name\":\"Example\"," members "}",                                   \
            sizeof("{\"external_id\":\"C-1\",\"last_name\":\"Example\"," members "}") - 1                    \
    }

struct way_case {
    const char *sentence, *column;
    struct slice line;
    const char *want, *verdicts;
};

static void a_column_is_a_way_into_the_object(void **state)
{
    (void)state;
    static const struct way_case cases[] = {
        {"a member", "city", OBJECT("\"city\":\"Rome\""), "Rome", ""},
        {"a missing member", "city", OBJECT("\"x\":1"), "-", ""},
        {"null", "city", OBJECT("\"city\":null"), "-", ""},
        {"an empty text", "city", OBJECT("\"city\":\"\""), "-", ""},
        {"a null value of the job", "city", OBJECT("\"city\":\" N/A \""), "-", ""},
        {"a number as written", "city", OBJECT("\"city\":12345678901234567890.10e2"),
         "12345678901234567890.10e2", ""},
        {"true", "city", OBJECT("\"city\":true"), "true", ""},
        {"false", "city", OBJECT("\"city\":false"), "false", ""},
        {"escapes", "city", OBJECT("\"city\":\"M\\u00fcnchen\""), "M\xc3\xbcnchen", ""},
        {"a dotted path", "a.b.c", OBJECT("\"a\":{\"c\":\"x\",\"b\":{\"c\":\"Rome\"}}"), "Rome", ""},
        {"a path through what is not an object", "a.b", OBJECT("\"a\":\"Rome\""), "-", ""},
        {"a path through null", "a.b", OBJECT("\"a\":null"), "-", ""},
        {"a path through an array", "a.b", OBJECT("\"a\":[{\"b\":\"x\"}]"), "-", ""},
        {"an element", "a[1]", OBJECT("\"a\":[\"x\",\"Rome\"]"), "Rome", ""},
        {"an element that is not there", "a[1]", OBJECT("\"a\":[\"x\"]"), "-", ""},
        {"an element of no array", "a[0]", OBJECT("\"a\":\"x\""), "-", ""},
        {"elements of elements", "a[1][0].b", OBJECT("\"a\":[0,[{\"b\":\"Rome\"}]]"), "Rome", ""},
        {"a key that is an index", "a.0", OBJECT("\"a\":{\"0\":\"Rome\"}"), "Rome", ""},
        {"a whole name with a dot", "a.b", OBJECT("\"a.b\":\"Rome\""), "Rome", ""},
        {"a whole name takes precedence", "a.b", OBJECT("\"a.b\":\"Rome\",\"a\":{\"b\":\"x\"}"), "Rome", ""},
        {"and in any order", "a.b", OBJECT("\"a\":{\"b\":\"x\"},\"a.b\":\"Rome\""), "Rome", ""},
        {"a whole name counts at the top level only", "a.b", OBJECT("\"z\":{\"a.b\":\"x\"}"), "-", ""},
        {"a name that is not a path", "city [0", OBJECT("\"city [0\":\"Rome\""), "Rome", ""},
        {"an escaped key", "city", OBJECT("\"c\\u0069ty\":\"Rome\""), "Rome", ""},
        {"an object", "city", OBJECT("\"city\":{\"a\":1}"), "!", "city/format"},
        {"an array", "city", OBJECT("\"city\":[\"Rome\"]"), "!", "city/format"},
        {"an empty array", "city", OBJECT("\"city\":[]"), "-", ""},
        {"a byte that is not UTF-8", "city", OBJECT("\"city\":\"R\xf4me\""), "!", "city/encoding"},
        {"half a character", "city", OBJECT("\"city\":\"\\ud800\""), "!", "city/encoding"},
        {"U+FFFD", "city", OBJECT("\"city\":\"\xef\xbf\xbd\""), "!", "city/encoding"},
        {"a NUL", "city", OBJECT("\"city\":\"\\u0000\""), "!", "city/encoding"},
        {"a bad byte in a member without a column", "city", OBJECT("\"x\":\"\xff\",\"city\":\"Rome\""),
         "Rome", ""},
        {"kyc_* members", "city", OBJECT("\"city\":\"Rome\",\"kyc_row\":1"), "Rome", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        map(fixture, FIELD_CITY, cases[i].column);
        const char *verdicts = validate(fixture, cases[i].line);
        const char *value = fixture->record.fault ? "fault" : fixture_value(fixture, FIELD_CITY);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s (%s)", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

static void an_array_of_scalars_is_a_list(void **state)
{
    (void)state;
    static const struct way_case cases[] = {
        {"codes", NULL, OBJECT("\"nats\":[\"US\",\"ITA\",\"Germany\"]"), "US|IT|DE", ""},
        {"one", NULL, OBJECT("\"nats\":[\"US\"]"), "US", ""},
        {"a text is one item", NULL, OBJECT("\"nats\":\"US\""), "US", ""},
        {"a text is split by the job's separator", "|", OBJECT("\"nats\":\"US|IT\""), "US|IT", ""},
        {"an array is not", "|", OBJECT("\"nats\":[\"US\",\"IT|DE\"]"), "!", "nationalities/country"},
        {"null among them", NULL, OBJECT("\"nats\":[null,\"US\",null]"), "US", ""},
        {"only null", NULL, OBJECT("\"nats\":[null]"), "-", ""},
        {"an empty array", NULL, OBJECT("\"nats\":[]"), "-", ""},
        {"a wrong one", NULL, OBJECT("\"nats\":[\"US\",\"Nowhere\"]"), "!", "nationalities/country"},
        {"a number", NULL, OBJECT("\"nats\":[840]"), "US", ""},
        {"an object in it", NULL, OBJECT("\"nats\":[\"US\",{}]"), "!", "nationalities/format"},
        {"an array in it", NULL, OBJECT("\"nats\":[[\"US\"]]"), "!", "nationalities/format"},
        {"a bad byte in one", NULL, OBJECT("\"nats\":[\"US\",\"\xff\"]"), "!", "nationalities/encoding"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        map(fixture, FIELD_NATIONALITIES, "nats")->split = cases[i].column;
        const char *verdicts = validate(fixture, cases[i].line);
        const char *value = fixture->record.fault ? "fault" : fixture_value(fixture, FIELD_NATIONALITIES);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s (%s)", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

static void two_fields_can_come_from_one_place(void **state)
{
    (void)state;
    struct fixture *fixture = ndjson_new();
    map(fixture, FIELD_CITY, "a.b");
    map(fixture, FIELD_EMPLOYER_NAME, "a.b");
    map(fixture, FIELD_FIRST_NAME, "a.c");
    assert_string_equal(validate(fixture, (struct slice)OBJECT("\"a\":{\"b\":\"x\",\"c\":\"y\"}")), "");
    assert_string_equal(fixture_value(fixture, FIELD_CITY), "x");
    assert_string_equal(fixture_value(fixture, FIELD_EMPLOYER_NAME), "x");
    assert_string_equal(fixture_value(fixture, FIELD_FIRST_NAME), "y");
    /* nothing is left over from the record before */
    assert_string_equal(validate(fixture, (struct slice)OBJECT("\"a\":{\"c\":\"z\"}")), "");
    assert_string_equal(fixture_value(fixture, FIELD_CITY), "-");
    assert_string_equal(fixture_value(fixture, FIELD_FIRST_NAME), "z");
    fixture_free(fixture);
}

static void what_is_no_object_is_malformed(void **state)
{
    (void)state;
    static const struct {
        struct slice line;
        const char *message;
    } cases[] = {
        {SLICE_LITERAL("[{\"external_id\":1}]"), "the line is not a JSON object (byte 1 of the line)"},
        {SLICE_LITERAL("  12"), "the line is not a JSON object (byte 3 of the line)"},
        {SLICE_LITERAL("{\"external_id\":\"1\"} x"), "something follows"},
        {SLICE_LITERAL("{\"external_id\":\"1\",\"external_id\":\"2\"}"),
         "a member is named twice (byte 20 of the line)"},
        {SLICE_LITERAL("{\"x\":{\"a\":1,\"a\":1}}"), "a member is named twice (byte 13 of the line)"},
        {SLICE_LITERAL("{\"x\":01}"), "(byte 6 of the line)"},
        {SLICE_LITERAL("{\"external_id\":\"1\""), ""},
        {SLICE_LITERAL("{\"external_id\":\"1\"}\xff"), "it is not UTF-8 (byte 20 of the line)"},
        {SLICE_LITERAL("external_id,last_name"), ""},
    };
    struct fixture *fixture = ndjson_new();
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *verdicts = validate(fixture, cases[i].line);
        if (strcmp(verdicts, "record/malformed") != 0)
            fail_msg("%s: %s", cases[i].line.data, verdicts);
        struct slice message = fixture->record.fault_message;
        if (!memmem(message.data, message.len, cases[i].message, strlen(cases[i].message)))
            fail_msg("%s: %s", cases[i].line.data, message.data);
        assert_true(fixture->record.rejected);
        assert_true(slice_equal(fixture->record.raw, cases[i].line));
    }
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_is_a_way_into_the_object),
        cmocka_unit_test(an_array_of_scalars_is_a_list),
        cmocka_unit_test(two_fields_can_come_from_one_place),
        cmocka_unit_test(what_is_no_object_is_malformed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ndjson", tests, NULL, NULL);
}
