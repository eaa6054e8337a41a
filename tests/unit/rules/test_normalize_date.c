#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/rules/fixture.h"

static void a_time_of_day_is_dropped_only_where_that_changes_no_day(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *cell, *zone;
        bool drops;
        const char *value, *verdicts;
    } cases[] = {
        {"midnight", "1980-02-13T00:00:00Z", NULL, false, "1980-02-13", ""},
        {"another time", "1980-02-12T23:00:00.000Z", NULL, false, "!", "date_of_birth/time"},
        {"the day of the zone", "1980-02-12T23:00:00.000Z", "Europe/Berlin", false, "1980-02-13", ""},
        {"another zone", "1980-02-12T23:00:00.000Z", "America/New_York", false, "!", "date_of_birth/time"},
        {"as it is written", "1980-02-12T23:00:00.000Z", NULL, true, "1980-02-12", ""},
        {"as it is written, beside a zone", "1980-02-12T23:00:00.000Z", "Europe/Berlin", true, "1980-02-12",
         ""},
        {"24:00 as it is written", "1980-02-12T24:00:00Z", NULL, true, "1980-02-12", ""},
        {"a date needs no zone", "1980-02-13", "Europe/Berlin", false, "1980-02-13", ""},
        {"the next day is after today there", "2026-01-01T23:00:00Z", "Europe/Berlin", false, "!",
         "date_of_birth/future"},
        {"a bad time and a bad year are one cause", "2027-01-01T12:00:00Z", NULL, false, "!",
         "date_of_birth/future"},
        {"behind the last year", "9999-12-31T23:00:00Z", "Europe/Berlin", false, "!", "date_of_birth/format"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        struct job_mapping *mapping = fixture_map(fixture, FIELD_DATE_OF_BIRTH, cases[i].cell);
        mapping->zone = cases[i].zone;
        mapping->drops_time = cases[i].drops;
        const char *verdicts = fixture_validate(fixture);
        const char *value = fixture_value(fixture, FIELD_DATE_OF_BIRTH);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].value) != 0)
            fail_msg("%s: %s, %s", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

static void the_job_may_make_a_warning_of_it(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_DATE_OF_BIRTH, "1980-02-12T23:00:00Z");
    fixture_map(fixture, FIELD_DOCUMENT_EXPIRY, "2030-02-12T22:00:00Z")->zone = "Europe/Berlin";
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_DATE_OF_BIRTH);
    rule->name = RULE_TIME;
    rule->level = VERDICT_WARN;
    assert_string_equal(fixture_validate(fixture), "date_of_birth/time(warn) document_expiry/time");
    assert_string_equal(fixture_value(fixture, FIELD_DATE_OF_BIRTH), "1980-02-12");
    assert_string_equal(fixture_value(fixture, FIELD_DOCUMENT_EXPIRY), "!");

    /* What it depends on may be read after the date. */
    fixture_map(fixture, FIELD_LANGUAGE, "fr");
    fixture_when(fixture, rule, FIELD_LANGUAGE, "de");
    assert_true(fixture_build(fixture));
    assert_string_equal(fixture_validate(fixture), "date_of_birth/time document_expiry/time");
    fixture_map(fixture, FIELD_LANGUAGE, "de");
    assert_string_equal(fixture_validate(fixture), "date_of_birth/time(warn) document_expiry/time");

    /* All other rules apply to a date with a warning. */
    fixture_rule(fixture, JOB_RULE_MIN_AGE, FIELD_DATE_OF_BIRTH)->years = 50;
    assert_true(fixture_build(fixture));
    assert_string_equal(fixture_validate(fixture),
                        "date_of_birth/time(warn) date_of_birth/min_age document_expiry/time");
    fixture_free(fixture);
}

static void its_message_shows_the_day_in_the_zone(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct job_mapping *mapping = fixture_map(fixture, FIELD_DATE_OF_BIRTH, "1980-02-12T23:30:00Z");
    fixture_validate(fixture);
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "zone: Europe/Berlin"));
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "time: drop"));
    fixture_map(fixture, FIELD_DATE_OF_BIRTH, "1980-02-12 23:30:00");
    fixture_validate(fixture);
    assert_null(strstr(fixture->record.verdicts[0].message.data, "zone"));
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "time: drop"));
    fixture_map(fixture, FIELD_DATE_OF_BIRTH, "1980-02-12T23:30:00Z");
    mapping->zone = "Europe/Berlin";
    assert_true(fixture_build(fixture));
    fixture_validate(fixture);
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "is 00:30:00 in Europe/Berlin"));
    /* The local day is not in the message: where values are masked, only what is quoted is. */
    assert_null(strstr(fixture->record.verdicts[0].message.data, "1980-02-13"));
    fixture_free(fixture);
}

static void digits_that_a_program_rewrote_are_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *cell, *format, *value, *verdicts;
    } cases[] = {
        {"19800213.0", NULL, "!", "date_of_birth/damaged"},
        {"19800213.0", "YYYYMMDD", "!", "date_of_birth/damaged"},
        {"29264.0", "DD/MM/YYYY", "!", "date_of_birth/damaged"},
        {"29264.0", "excel", "1980-02-13", ""},
        {"319248000.0", "unix", "1980-02-13", ""},
        {"319248000000.0", "unix_ms", "1980-02-13", ""},
        {"1.980213E+07", NULL, "!", "date_of_birth/damaged"},
        {"1,980213E+07", "excel", "!", "date_of_birth/damaged"},
        {"2E+08", "unix", "!", "date_of_birth/damaged"},
        {"-3.15E+008", "unix", "!", "date_of_birth/damaged"},
        {"1.98E7", NULL, "!", "date_of_birth/damaged"},
        {"2E8", NULL, "!", "date_of_birth/format"},
        {"2E+8", NULL, "!", "date_of_birth/format"},
        {"2E+0800", NULL, "!", "date_of_birth/format"},
        {"12E+08", NULL, "!", "date_of_birth/format"},
        {"19800213.00", NULL, "!", "date_of_birth/format"},
        {"19800213.", NULL, "!", "date_of_birth/format"},
        {".0", NULL, "!", "date_of_birth/format"},
        {"-", NULL, "!", "date_of_birth/format"},
        {"1.0", "D.M.YYYY", "!", "date_of_birth/damaged"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        struct job_mapping *mapping = fixture_map(fixture, FIELD_DATE_OF_BIRTH, cases[i].cell);
        mapping->formats = (const char *[]){cases[i].format};
        mapping->format_count = cases[i].format != NULL;
        const char *verdicts = fixture_validate(fixture);
        const char *value = fixture_value(fixture, FIELD_DATE_OF_BIRTH);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].value) != 0)
            fail_msg("%s by %s: %s (%s)", cases[i].cell, cases[i].format ? cases[i].format : "ISO", value,
                     verdicts);
        fixture_free(fixture);
    }
}

static void a_constant_with_a_time_is_an_error_of_the_job(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct job_mapping *mapping = fixture_map(fixture, FIELD_DOCUMENT_EXPIRY, "");
    mapping->column_count = 0;
    mapping->constant = "2030-02-12T22:00:00Z";
    assert_false(fixture_build(fixture));
    assert_non_null(strstr(fixture->error.text, "time of day"));
    fixture_free(fixture);
}

static void a_time_is_an_instant_in_utc(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *cell, *zone, *value, *verdicts;
    } cases[] = {
        {"as the provider writes it", "2023-11-07T05:31:56Z", NULL, "2023-11-07T05:31:56Z", ""},
        {"with an offset", "2023-11-07T00:31:56+01:00", NULL, "2023-11-06T23:31:56Z", ""},
        {"of a negative offset", "2023-12-31 23:31-05:00", NULL, "2024-01-01T04:31:00Z", ""},
        {"with a fraction", "2023-11-07T05:31:56.789Z", NULL, "2023-11-07T05:31:56Z", ""},
        {"local, in winter", "2023-11-07T05:31:56", "Europe/Berlin", "2023-11-07T04:31:56Z", ""},
        {"local, in summer", "2023-07-07T05:31:56", "Europe/Berlin", "2023-07-07T03:31:56Z", ""},
        {"a day in a zone", "2023-11-07", "Europe/Berlin", "2023-11-06T23:00:00Z", ""},
        {"an offset is above the zone", "2023-11-07T05:31:56Z", "Europe/Berlin", "2023-11-07T05:31:56Z", ""},
        {"local, nobody knows where", "2023-11-07T05:31:56", NULL, "!",
         "client_identifier_calculated_at/format"},
        {"a day, nobody knows where", "2023-11-07", NULL, "!", "client_identifier_calculated_at/format"},
        {"no time", "yesterday", NULL, "!", "client_identifier_calculated_at/format"},
        {"no day", "2023-02-30T05:31:56Z", NULL, "!", "client_identifier_calculated_at/format"},
        {"two days", "01/02/2023", "UTC", "!", "client_identifier_calculated_at/format"},
        {"too early", "1969-12-31T23:59:59Z", NULL, "!", "client_identifier_calculated_at/format"},
        {"the first second", "1970-01-01T00:00:00Z", NULL, "1970-01-01T00:00:00Z", ""},
        {"the end of today", "2026-01-01T23:59:59Z", NULL, "2026-01-01T23:59:59Z", ""},
        {"tomorrow", "2026-01-02T00:00:00Z", NULL, "!", "client_identifier_calculated_at/future"},
        {"none", "", NULL, "-", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, FIELD_CLIENT_IDENTIFIER_CALCULATED_AT, cases[i].cell)->zone = cases[i].zone;
        const char *verdicts = fixture_validate(fixture);
        const char *value = fixture_value(fixture, FIELD_CLIENT_IDENTIFIER_CALCULATED_AT);
        if (strcmp(value, cases[i].value) != 0 || strcmp(verdicts, cases[i].verdicts) != 0)
            fail_msg("%s: %s, %s", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_of_day_is_dropped_only_where_that_changes_no_day),
        cmocka_unit_test(the_job_may_make_a_warning_of_it),
        cmocka_unit_test(its_message_shows_the_day_in_the_zone),
        cmocka_unit_test(digits_that_a_program_rewrote_are_damaged),
        cmocka_unit_test(a_constant_with_a_time_is_an_error_of_the_job),
        cmocka_unit_test(a_time_is_an_instant_in_utc),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("normalize_date", tests, NULL, NULL);
}
