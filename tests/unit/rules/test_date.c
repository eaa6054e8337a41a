#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/date_forms.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The day of a date with a time depends on the zone that the job sets. */
static void a_time_of_day_is_resolved_by_the_zone(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *format, *text, *zone;
        enum date_time_result result;
        const char *want;
    } cases[] = {
        {"midnight without a zone is dropped", NULL, "1980-02-13T00:00:00.000", NULL, DATE_TIME_OK,
         "1980-02-13"},
        {"midnight in UTC too", NULL, "1980-02-13T00:00:00Z", NULL, DATE_TIME_OK, "1980-02-13"},
        {"and with an offset", NULL, "1980-02-13T00:00+05:30", NULL, DATE_TIME_OK, "1980-02-13"},
        {"another time is odd", NULL, "1980-02-12T23:00:00.000Z", NULL, DATE_TIME_ODD, "1980-02-12"},
        {"a fraction of a second is odd", NULL, "1980-02-13T00:00:00.001", NULL, DATE_TIME_ODD, "1980-02-13"},
        {"24:00 may be the next day", NULL, "1980-02-12T24:00", NULL, DATE_TIME_ODD, "1980-02-12"},
        {"Berlin's winter midnight", NULL, "1980-02-12T23:00:00.000Z", "Europe/Berlin", DATE_TIME_OK,
         "1980-02-13"},
        {"its summer midnight", NULL, "1981-06-30T22:00:00.000Z", "Europe/Berlin", DATE_TIME_OK,
         "1981-07-01"},
        {"with an offset instead of Z", NULL, "1981-07-01T01:00+03:00", "Europe/Berlin", DATE_TIME_OK,
         "1981-07-01"},
        {"24:00Z is the next day's 00:00Z", NULL, "1980-02-12T24:00:00Z", "UTC", DATE_TIME_OK, "1980-02-13"},
        {"UTC by name is an instant", NULL, "1980-02-12 23:00:00 UTC", "Europe/Berlin", DATE_TIME_OK,
         "1980-02-13"},
        {"12 a.m. is midnight", "M/D/YYYY h:mm a", "2/13/1980 12:00 a. m.", NULL, DATE_TIME_OK, "1980-02-13"},
        {"12 p.m. is noon", "M/D/YYYY h:mm a", "2/13/1980 12:00 p.m.", NULL, DATE_TIME_ODD, "1980-02-13"},
        {"New York's", NULL, "1980-02-13T05:00:00Z", "America/New_York", DATE_TIME_OK, "1980-02-13"},
        {"the wrong zone shows", NULL, "1980-02-13T05:00:00Z", "Europe/Berlin", DATE_TIME_ODD, "1980-02-13"},
        {"a summer without summer time", NULL, "1960-04-28T22:00:00.000Z", "Europe/Berlin", DATE_TIME_ODD,
         "1960-04-28"},
        {"which Helsinki had", NULL, "1960-04-28T22:00:00.000Z", "Europe/Helsinki", DATE_TIME_OK,
         "1960-04-29"},
        {"midnight UTC is not midnight in Berlin", NULL, "1980-02-13T00:00:00Z", "Europe/Berlin",
         DATE_TIME_ODD, "1980-02-13"},
        {"a day without 00:00", NULL, "1990-10-21T03:00:00Z", "America/Sao_Paulo", DATE_TIME_OK,
         "1990-10-21"},
        {"as its own clock shows it", NULL, "1990-10-21 01:00:00", "America/Sao_Paulo", DATE_TIME_OK,
         "1990-10-21"},
        {"01:00 on another day", NULL, "1990-10-22 01:00:00", "America/Sao_Paulo", DATE_TIME_ODD,
         "1990-10-22"},
        {"a local midnight", NULL, "1980-02-13 00:00:00", "Europe/Berlin", DATE_TIME_OK, "1980-02-13"},
        {"a leap second is not midnight", NULL, "1980-02-12T22:59:60Z", "Europe/Berlin", DATE_TIME_ODD,
         "1980-02-13"},
        {"the last day there is", NULL, "9999-12-31T23:00:00Z", "Europe/Berlin", DATE_TIME_OUT_OF_RANGE,
         NULL},
        {"the first day there is", NULL, "0001-01-01T00:00:00Z", "America/New_York", DATE_TIME_OUT_OF_RANGE,
         NULL},
        {"12 AM is midnight", "M/D/YYYY h:mm:ss A", "2/13/1980 12:00:00 AM", NULL, DATE_TIME_OK,
         "1980-02-13"},
        {"12 PM is noon", "M/D/YYYY h:mm:ss a", "2/13/1980 12:00:00 pm", NULL, DATE_TIME_ODD, "1980-02-13"},
        {"1 AM is not", "M/D/YYYY h:mm A", "2/13/1980 1:00 AM", NULL, DATE_TIME_ODD, "1980-02-13"},
        {"seconds since 1970, of a midnight", "unix", "318211200", NULL, DATE_TIME_OK, "1980-02-01"},
        {"of another time", "unix", "318207600", NULL, DATE_TIME_ODD, "1980-01-31"},
        {"of Berlin's midnight", "unix", "318207600", "Europe/Berlin", DATE_TIME_OK, "1980-02-01"},
        {"of another zone's", "unix", "318207600", "America/New_York", DATE_TIME_ODD, "1980-01-31"},
        {"before 1970", "unix", "-315619200", NULL, DATE_TIME_OK, "1960-01-01"},
        {"before 1970 in Berlin", "unix", "-315622800", "Europe/Berlin", DATE_TIME_OK, "1960-01-01"},
        {"a part of a second before 1970", "unix", "-315619199.5", NULL, DATE_TIME_ODD, "1960-01-01"},
        {"milliseconds of Berlin's midnight", "unix_ms", "318207600000", "Europe/Berlin", DATE_TIME_OK,
         "1980-02-01"},
        {"a millisecond before 1970", "unix_ms", "-1", NULL, DATE_TIME_ODD, "1969-12-31"},
        {"a millisecond after a midnight", "unix_ms", "318211200001", NULL, DATE_TIME_ODD, "1980-02-01"},
        {"Excel's midnight", "excel", "29252.0", NULL, DATE_TIME_OK, "1980-02-01"},
        {"Excel's noon", "excel", "29252.5", NULL, DATE_TIME_ODD, "1980-02-01"},
        {"Excel's 01:00 where the clock skipped midnight", "excel", "33167.0416666666667",
         "America/Sao_Paulo", DATE_TIME_OK, "1990-10-21"},
        {"Excel's 01:00 on another day", "excel", "33168.0416666666667", "America/Sao_Paulo", DATE_TIME_ODD,
         "1990-10-22"},
        {"the end of Excel's day", "excel", "29252.99999999999", NULL, DATE_TIME_ODD, "1980-02-01"},
        {"an instant by format", "DD.MM.YYYY HH:mm Z", "12.02.1980 23:00 Z", "Europe/Berlin", DATE_TIME_OK,
         "1980-02-13"},
    };
    struct arena arena;
    arena_init(&arena, 65536);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date_settings settings = {.formats = &cases[i].format, .format_count = 1};
        struct date_reading reading;
        struct date date;
        unsigned second;
        size_t at;
        const char *fault;
        const struct date_forms *forms =
            cases[i].format ? date_forms_new(&settings, &arena, &at, &fault) : NULL;
        if (date_forms_read(forms, slice_from(cases[i].text), &reading) != DATE_OK || !reading.has_time)
            fail_msg("%s: not read", cases[i].sentence);
        const struct time_zone *zone = cases[i].zone ? time_zone_new(cases[i].zone, &arena) : NULL;
        enum date_time_result result = date_resolve_time(&reading, zone, &date, &second);
        if (result != cases[i].result)
            fail_msg("%s: result %d", cases[i].sentence, (int)result);
        if (result == DATE_TIME_OUT_OF_RANGE)
            continue;
        char text[DATE_TEXT_LEN];
        date_write(date, text);
        if (!slice_is(slice_make(text, sizeof text), cases[i].want))
            fail_msg("%s: %.10s", cases[i].sentence, text);
    }
    arena_clear(&arena);
}

static void days_become_dates(void **state)
{
    (void)state;
    static const struct {
        int32_t days;
        unsigned want;
    } cases[] = {{0, 19700101},      {-1, 19691231},    {58, 19700228},    {59, 19700301},
                 {11016, 20000229},  {11017, 20000301}, {20454, 20260101}, {20778, 20261121},
                 {-25509, 19000228}, {-25508, 19000301}};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(date_number(date_of_days(cases[i].days)), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_of_day_is_resolved_by_the_zone),
        cmocka_unit_test(days_become_dates),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
