/* A field of several columns, its match and replacement, and what stands for no value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/log.h"
#include "unit/rules/fixture.h"

enum { PARTS_MAX = 3 };

/* A field, fed by the columns a, b and c. */
struct source_case {
    const char *sentence;
    enum field_id field;
    const char *cells[PARTS_MAX]; /* NULL: no such column */
    struct job_mapping mapping;   /* but for field and columns */
    const char *want, *verdicts;
};

/* 241 bytes, on which three repeats of anything exceed the match limit. */
#define FORTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG  "x" FORTY FORTY FORTY FORTY FORTY FORTY

/* Of a list with 64 items. */
#define SEPARATORS_9 ";;;;;;;;;"
#define SEPARATORS_63                                                                                        \
    SEPARATORS_9 SEPARATORS_9 SEPARATORS_9 SEPARATORS_9 SEPARATORS_9 SEPARATORS_9 SEPARATORS_9

static struct job_column parts[] = {{"a", {6, 1}}, {"b", {6, 2}}, {"c", {6, 3}}};

static struct job_mapping *map_parts(struct fixture *fixture, const struct source_case *source)
{
    struct job_mapping *mapping = fixture_map(fixture, source->field, "");
    fixture->column_count--;
    *mapping = source->mapping;
    mapping->field = source->field;
    mapping->columns = parts;
    for (size_t i = 0; i < PARTS_MAX && source->cells[i]; i++) {
        fixture->columns[fixture->column_count] = slice_from(parts[i].name);
        fixture->cells[fixture->column_count++] = slice_from(source->cells[i]);
        mapping->column_count = i + 1;
    }
    return mapping;
}

static void check_case(const struct source_case *source)
{
    struct fixture *fixture = fixture_new();
    map_parts(fixture, source);
    const char *verdicts = fixture_validate(fixture);
    if (strcmp(verdicts, source->verdicts) != 0 ||
        strcmp(fixture_value(fixture, source->field), source->want) != 0)
        fail_msg("%s: %s (%s), not %s (%s)", source->sentence, fixture_value(fixture, source->field),
                 verdicts, source->want, source->verdicts);
    fixture_free(fixture);
}

static void the_first_column_with_a_value_is_read_or_all_are_joined(void **state)
{
    (void)state;
    static const struct source_case cases[] = {
        {"the first", FIELD_CITY, {"Rome", "Oslo"}, {0}, "Rome", ""},
        {"the first is empty", FIELD_CITY, {"", "Oslo"}, {0}, "Oslo", ""},
        {"the first is a null value", FIELD_CITY, {" N/A ", "Oslo"}, {0}, "Oslo", ""},
        {"blanks are no value", FIELD_CITY, {"  ", "\xc2\xa0", "Bari"}, {0}, "Bari", ""},
        {"none has a value", FIELD_CITY, {"", "N/A"}, {0}, "-", ""},
        {"a damaged one is not passed over", FIELD_CITY, {"Zo\xeb", "Oslo"}, {0}, "!", "city/encoding"},
        {"what is wrong in the first is not passed over",
         FIELD_EMAIL,
         {"x", "a@example.com"},
         {0},
         "!",
         "email/format"},
        {"joined", FIELD_CITY, {"Rome", "Oslo", "Bari"}, {.join = ", "}, "Rome, Oslo, Bari", ""},
        {"joined without what is empty", FIELD_CITY, {"", "Oslo", "N/A"}, {.join = ", "}, "Oslo", ""},
        {"joined by nothing", FIELD_PHONE, {"+49", "1511 2345678"}, {.join = ""}, "+4915112345678", ""},
        {"joined trimmed", FIELD_CITY, {" Rome ", "Oslo"}, {.join = "-"}, "Rome-Oslo", ""},
        {"a joined date", FIELD_DATE_OF_BIRTH, {"1980", "02", "13"}, {.join = "-"}, "1980-02-13", ""},
        {"a list of several columns",
         FIELD_NATIONALITIES,
         {"de", "", "fr"},
         {.join = ";", .split = ";"},
         "DE|FR",
         ""},
        {"a key keeps its blanks", FIELD_EXTERNAL_ID, {"", "C  1"}, {0}, "C  1", ""},
        {"a list without an item", FIELD_NATIONALITIES, {"; N/A ;", "fr"}, {.split = ";"}, "FR", ""},
        {"a list of 64 items without a value",
         FIELD_NATIONALITIES,
         {SEPARATORS_63, "fr"},
         {.split = ";"},
         "FR",
         ""},
        {"a list of too many, as one column has it",
         FIELD_NATIONALITIES,
         {SEPARATORS_63 ";;", "fr"},
         {.split = ";"},
         "!",
         "nationalities/format"},
        {"an invisible character is reported once",
         FIELD_CITY,
         {"", "Os\xe2\x80\x8blo"},
         {0},
         "Oslo",
         "city/invisible(warn)"},
        {"of a list too",
         FIELD_NATIONALITIES,
         {"", "d\xe2\x80\x8b"
              "e"},
         {0},
         "DE",
         "nationalities/invisible(warn)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_case(&cases[i]);
}

static void a_match_is_of_the_whole_value(void **state)
{
    (void)state;
    static const struct source_case cases[] = {
        {"a part of it",
         FIELD_FIRST_NAME,
         {"Ada Example"},
         {.match = "(\\S+) (\\S+)", .replace = "$1"},
         "Ada",
         ""},
        {"by its name",
         FIELD_FIRST_NAME,
         {"Example, Ada"},
         {.match = "(?<last>[^,]+), (?<first>.+)", .replace = "${first}"},
         "Ada",
         ""},
        {"a pattern that would match inside",
         FIELD_CITY,
         {"12 Rome"},
         {.match = "\\D+", .replace = "x"},
         "!",
         "city/match"},
        {"a part at its start", FIELD_CITY, {"Rome"}, {.match = "Ro"}, "!", "city/match"},
        {"a part at its end", FIELD_CITY, {"Rome"}, {.match = "me", .replace = "x"}, "!", "city/match"},
        {"the alternative that reaches the end", FIELD_CITY, {"Rome"}, {.match = "Ro|Rome"}, "Rome", ""},
        {"the trimmed value", FIELD_CITY, {"  Rome "}, {.match = "R\\w+"}, "Rome", ""},
        {"a check alone", FIELD_CITY, {"Rome"}, {.match = "R.*"}, "Rome", ""},
        {"which fails", FIELD_CITY, {"Oslo"}, {.match = "R.*"}, "!", "city/match"},
        {"no value is not matched", FIELD_CITY, {""}, {.match = "R.*"}, "-", ""},
        {"nor a null value", FIELD_CITY, {"N/A"}, {.match = "R.*"}, "-", ""},
        {"kept",
         FIELD_CITY,
         {"Oslo"},
         {.match = "(R).*", .replace = "$1", .unmatched = JOB_UNMATCHED_KEEP},
         "Oslo",
         ""},
        {"emptied", FIELD_CITY, {"Oslo"}, {.match = "R.*", .unmatched = JOB_UNMATCHED_EMPTY}, "-", ""},
        {"a group that is not set is empty",
         FIELD_CITY,
         {"Rome"},
         {.match = "(Rome)( VI)?", .replace = "$1$2."},
         "Rome.",
         ""},
        {"by case", FIELD_CITY, {"ROME"}, {.match = "(.)(.*)", .replace = "$1\\L$2"}, "Rome", ""},
        {"an empty replacement is no value", FIELD_CITY, {"none"}, {.match = "none", .replace = ""}, "-", ""},
        {"a null value of a replacement is none",
         FIELD_CITY,
         {"x N/A"},
         {.match = "x (.*)", .replace = "$1"},
         "-",
         ""},
        {"a replacement is trimmed",
         FIELD_CITY,
         {"x: Rome"},
         {.match = "x:(.*)", .replace = "$1"},
         "Rome",
         ""},
        {"a joined value",
         FIELD_CITY,
         {"Rome", "IT"},
         {.join = "|", .match = "(.*)\\|IT", .replace = "$1"},
         "Rome",
         ""},
        {"a split list before it is split",
         FIELD_NATIONALITIES,
         {"[de;fr]"},
         {.match = "\\[(.*)\\]", .replace = "$1", .split = ";"},
         "DE|FR",
         ""},
        {"a date",
         FIELD_DATE_OF_BIRTH,
         {"born 1980-02-13"},
         {.match = "born (.*)", .replace = "$1"},
         "1980-02-13",
         ""},
        {"backtracking",
         FIELD_CITY,
         {LONG},
         {.match = "(.*)(.*)(.*)x", .replace = "x"},
         "!",
         "city/expensive"},
        {"backtracking without a replacement",
         FIELD_CITY,
         {LONG},
         {.match = "(.*)(.*)(.*)x", .unmatched = JOB_UNMATCHED_KEEP},
         "!",
         "city/expensive"},
        {"a long replacement",
         FIELD_CITY,
         {"ab"},
         {.match = "(.)(.)",
          .replace = "$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1"
                     "$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$2"},
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
         ""},
        {"a NUL of the replacement",
         FIELD_CITY,
         {"ab"},
         {.match = "..", .replace = "\\x00"},
         "!",
         "city/encoding"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_case(&cases[i]);
}

static void the_job_may_make_a_warning_of_no_match(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct job_mapping *mapping = fixture_map(fixture, FIELD_CITY, "Oslo");
    mapping->match = "R(.*)";
    mapping->replace = "$1";
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_CITY);
    rule->name = RULE_MATCH;
    rule->level = VERDICT_WARN;
    rule->message = "ask sales";
    assert_string_equal(fixture_validate(fixture), "city/match(warn)");
    assert_string_equal(fixture_value(fixture, FIELD_CITY), "Oslo");
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "`match`: ask sales"));

    /* A condition on a field that is read later. */
    fixture_map(fixture, FIELD_LANGUAGE, "fr");
    fixture_when(fixture, rule, FIELD_LANGUAGE, "de");
    assert_true(fixture_build(fixture));
    assert_string_equal(fixture_validate(fixture), "city/match");
    assert_string_equal(fixture_value(fixture, FIELD_CITY), "!");
    fixture_map(fixture, FIELD_LANGUAGE, "de");
    assert_string_equal(fixture_validate(fixture), "city/match(warn)");
    fixture_free(fixture);
}

static void something_may_stand_for_no_value(void **state)
{
    (void)state;
    static struct job_value_map empty[] = {{.from = SLICE_LITERAL("Chef"), .to = SLICE_LITERAL("other")},
                                           {.from = SLICE_LITERAL(""), .to = SLICE_LITERAL("healthcare")}};
    static struct job_value_map phones[] = {
        {.from = SLICE_LITERAL("+442079460958"), .to = SLICE_LITERAL("+442079460959")},
        {.from = SLICE_LITERAL(""), .to = SLICE_LITERAL("+442079460958")}};
    static struct job_value_map cities[] = {{.from = SLICE_LITERAL("x"), .to = SLICE_LITERAL("Rome")},
                                            {.from = SLICE_LITERAL(""), .to = SLICE_LITERAL("x")}};
    static const struct source_case cases[] = {
        {"an empty cell", FIELD_COUNTRY, {""}, {.fallback = "Germany"}, "DE", ""},
        {"a null value", FIELD_COUNTRY, {"N/A"}, {.fallback = "DE"}, "DE", ""},
        {"a value", FIELD_COUNTRY, {"FR"}, {.fallback = "DE"}, "FR", ""},
        {"a wrong value", FIELD_COUNTRY, {"Ruritania"}, {.fallback = "DE"}, "!", "country/country"},
        {"no match",
         FIELD_COUNTRY,
         {"?"},
         {.match = "[A-Z]{2}", .unmatched = JOB_UNMATCHED_EMPTY, .fallback = "DE"},
         "DE",
         ""},
        {"an empty replacement",
         FIELD_COUNTRY,
         {"?"},
         {.match = "\\?", .replace = "", .fallback = "DE"},
         "DE",
         ""},
        {"a replacement that is a null value",
         FIELD_CITY,
         {"x N/A"},
         {.match = "x (.*)", .replace = "$1", .fallback = "Rome"},
         "Rome",
         ""},
        {"the \"\" of values that depends on other fields",
         FIELD_PHONE,
         {""},
         {.values = phones, .value_count = 2},
         "+442079460958",
         ""},
        {"the default is mapped like a cell",
         FIELD_CITY,
         {""},
         {.fallback = "x", .values = cities, .value_count = 1},
         "Rome",
         ""},
        {"the \"\" of values is not mapped again",
         FIELD_CITY,
         {""},
         {.values = cities, .value_count = 2},
         "x",
         ""},
        {"of an enumeration", FIELD_OCCUPATION, {""}, {.values = empty, .value_count = 2}, "healthcare", ""},
        {"otherwise is not for no value",
         FIELD_OCCUPATION,
         {""},
         {.values = empty, .value_count = 1, .otherwise = "other"},
         "-",
         ""},
        {"a list", FIELD_NATIONALITIES, {""}, {.fallback = "de;fr", .split = ";"}, "DE|FR", ""},
        {"a phone", FIELD_PHONE, {""}, {.fallback = "+442079460958"}, "+442079460958", ""},
        {"a date", FIELD_DATE_OF_BIRTH, {""}, {.fallback = "1980-02-13"}, "1980-02-13", ""},
        {"a phone of the job's country",
         FIELD_PHONE,
         {"020 7946 0958"},
         {.phone_country = "GB"},
         "+442079460958",
         ""},
        {"which needs no column of its own",
         FIELD_PHONE,
         {"", "020 7946 0958"},
         {.phone_country = "GB"},
         "+442079460958",
         ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_case(&cases[i]);
}

static void the_country_of_a_phone_comes_before_that_of_the_record(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_COUNTRY, "US");
    fixture_map(fixture, FIELD_PHONE, "020 7946 0958")->phone_country = "GB";
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, FIELD_PHONE), "+442079460958");
    fixture_free(fixture);
}

/* The field nationalities of a line of NDJSON. */
struct json_case {
    const char *sentence, *members;
    struct job_mapping mapping;
    const char *want, *verdicts;
};

static void an_array_is_matched_item_by_item(void **state)
{
    (void)state;
    static const struct json_case cases[] = {
        {"each", "\"a\":[\"x-de\",\"x-fr\"]", {.match = "x-(.*)", .replace = "$1"}, "DE|FR", ""},
        {"one does not match",
         "\"a\":[\"x-de\",\"fr\"]",
         {.match = "x-(.*)", .replace = "$1"},
         "!",
         "nationalities/match"},
        {"kept",
         "\"a\":[\"x-de\",\"fr\"]",
         {.match = "x-(.*)", .replace = "$1", .unmatched = JOB_UNMATCHED_KEEP},
         "DE|FR",
         ""},
        {"emptied",
         "\"a\":[\"x-de\",\"fr\"]",
         {.match = "x-(.*)", .replace = "$1", .unmatched = JOB_UNMATCHED_EMPTY},
         "DE",
         ""},
        {"all emptied",
         "\"a\":[\"fr\"]",
         {.match = "x", .unmatched = JOB_UNMATCHED_EMPTY, .fallback = "US"},
         "US",
         ""},
        {"an array without a value", "\"a\":[null,\"\",\"N/A\"],\"b\":[\"fr\"]", {0}, "FR", ""},
        {"a missing member", "\"b\":\"fr\"", {0}, "FR", ""},
        {"the items of all are joined",
         "\"a\":[\"de\",null,\"fr\"],\"b\":\"us\"",
         {.join = ";", .split = ";"},
         "DE|FR|US",
         ""},
        {"an object", "\"a\":{\"b\":1},\"b\":\"us\"", {0}, "!", "nationalities/format"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture->job.input.format = JOB_FORMAT_NDJSON;
        struct job_mapping *mapping = fixture_map(fixture, FIELD_NATIONALITIES, "");
        *mapping = cases[i].mapping;
        mapping->field = FIELD_NATIONALITIES;
        mapping->columns = parts;
        mapping->column_count = 2;
        assert_true(fixture_build(fixture));
        struct slice text =
            arena_printf(&fixture->arena, "{\"external_id\":\"C-1\",\"last_name\":\"Example\",%s}%*s",
                         cases[i].members, JSON_PADDING, "");
        fixture->record = (struct record){.raw = slice_make(text.data, text.len - JSON_PADDING)};
        rule_worker_validate(fixture->worker, &fixture->record, &fixture->arena);
        const char *verdicts = fixture_verdicts(fixture);
        if (strcmp(verdicts, cases[i].verdicts) != 0 ||
            strcmp(fixture_value(fixture, FIELD_NATIONALITIES), cases[i].want) != 0)
            fail_msg("%s: %s (%s)", cases[i].sentence, fixture_value(fixture, FIELD_NATIONALITIES), verdicts);
        fixture_free(fixture);
    }
}

static void a_setting_that_cannot_work_is_an_error_at_its_place(void **state)
{
    (void)state;
    static struct job_value_map bad[] = {{.from = SLICE_LITERAL(""), .to = SLICE_LITERAL("astronaut")}};
    static const struct source_case cases[] = {
        {"a pattern",
         FIELD_CITY,
         {"x"},
         {.match = "a(", .match_place = {7, 3}},
         "test.yaml:7:3: the pattern does not compile: missing closing parenthesis",
         ""},
        {"an unknown group",
         FIELD_CITY,
         {"x"},
         {.match = "(a)", .replace = "$2", .replace_place = {7, 4}},
         "test.yaml:7:4: the replacement cannot be used: unknown substring, at byte 2\nhint: $1 is",
         ""},
        {"an unknown name",
         FIELD_CITY,
         {"x"},
         {.match = "(?<b>a)", .replace = "${a}"},
         "unknown substring",
         ""},
        {"a group as in other tools",
         FIELD_CITY,
         {"x"},
         {.match = "(a)", .replace = "\\1"},
         "bad escape",
         ""},
        {"an open brace", FIELD_CITY, {"x"}, {.match = "(a)", .replace = "${1"}, "closing curly bracket", ""},
        {"of a group that may be unset",
         FIELD_CITY,
         {"x"},
         {.match = "(?J)(?<b>a)|(?<b>b)|(c)", .replace = "${3:+a:$4}"},
         "unknown substring",
         ""},
        {"a default",
         FIELD_COUNTRY,
         {"x"},
         {.fallback = "Ruritania", .fallback_place = {8, 1}},
         "test.yaml:8:1: country: \"Ruritania\" is not a known country",
         ""},
        {"a default date",
         FIELD_DATE_OF_BIRTH,
         {"x"},
         {.fallback = "13/02/80", .fallback_place = {8, 1}},
         "test.yaml:8:1: date_of_birth: \"13/02/80\" is not a date",
         ""},
        {"a default phone",
         FIELD_PHONE,
         {"x"},
         {.fallback = "+1", .fallback_place = {8, 1}},
         "test.yaml:8:1: phone: \"+1\"",
         ""},
        {"a null value as default",
         FIELD_CITY,
         {"x"},
         {.fallback = "N/A", .fallback_place = {8, 1}},
         "test.yaml:8:1: city: \"N/A\" is one of input.null_values",
         ""},
        {"a value for no value",
         FIELD_OCCUPATION,
         {"x"},
         {.values = bad, .value_count = 1},
         "\"astronaut\" is not one of the provider's values",
         ""},
        {"a missing column", FIELD_CITY, {"x"}, {0}, "test.yaml:6:2: the input has no column \"b\"", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        struct job_mapping *mapping = map_parts(fixture, &cases[i]);
        if (i == COUNT(cases) - 1)
            mapping->column_count = 2;
        if (fixture_build(fixture))
            fail_msg("%s: no error", cases[i].sentence);
        assert_int_equal(fixture->error.scope, ERROR_USAGE);
        if (!strstr(fixture->error.text, cases[i].want))
            fail_msg("%s: %s", cases[i].sentence, fixture->error.text);
        fixture_free(fixture);
    }
}

static void a_level_of_a_match_needs_a_match(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_CITY, "Oslo");
    fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_CITY)->name = RULE_MATCH;
    assert_false(fixture_build(fixture));
    assert_non_null(strstr(fixture->error.text, "no effect: city has no `match`"));
    fixture_free(fixture);
}

static void a_required_field_names_its_columns(void **state)
{
    (void)state;
    static const struct source_case cases[] = {
        {"all empty", FIELD_LAST_NAME, {"", "  "}, {0}, "and the columns \"a\" and \"b\" are empty", ""},
        {"one with a null value",
         FIELD_LAST_NAME,
         {"", "N/A"},
         {0},
         "and column \"b\" has \"N/A\", which counts as no value",
         ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        map_parts(fixture, &cases[i]);
        assert_string_equal(fixture_validate(fixture), "last_name/required");
        const char *message = fixture->record.verdicts[0].message.data;
        if (!strstr(message, cases[i].want))
            fail_msg("%s: %s", cases[i].sentence, message);
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_column_with_a_value_is_read_or_all_are_joined),
        cmocka_unit_test(a_match_is_of_the_whole_value),
        cmocka_unit_test(the_job_may_make_a_warning_of_no_match),
        cmocka_unit_test(something_may_stand_for_no_value),
        cmocka_unit_test(the_country_of_a_phone_comes_before_that_of_the_record),
        cmocka_unit_test(an_array_is_matched_item_by_item),
        cmocka_unit_test(a_setting_that_cannot_work_is_an_error_at_its_place),
        cmocka_unit_test(a_level_of_a_match_needs_a_match),
        cmocka_unit_test(a_required_field_names_its_columns),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("field source", tests, NULL, NULL);
}
