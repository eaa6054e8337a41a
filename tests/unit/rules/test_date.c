#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/date.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void dates_are_read_by_the_documented_rules(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *format, *text;
        enum date_result result;
        const char *want;
    } cases[] = {
        {"ISO", NULL, "1990-02-28", DATE_OK, "1990-02-28"},
        {"ISO without hyphens", NULL, "19900228", DATE_OK, "1990-02-28"},
        {"a date-time", NULL, "1990-02-28T23:59:59Z", DATE_OK, "1990-02-28"},
        {"a date-time with a blank", NULL, "1990-02-28 00:00:00.000", DATE_OK, "1990-02-28"},
        {"a date-time without seconds", NULL, "1990-02-28T00:00", DATE_OK, "1990-02-28"},
        {"a date-time with an offset", NULL, "1990-02-28T23:00:00+05:30", DATE_OK, "1990-02-28"},
        {"a basic date-time", NULL, "19900228T000000Z", DATE_OK, "1990-02-28"},
        {"an impossible time", NULL, "1990-02-28T25:00", DATE_UNREADABLE, NULL},
        {"a minute after the end of the day", NULL, "1990-02-28T24:01", DATE_UNREADABLE, NULL},
        {"an offset without its minutes", NULL, "1990-02-28T20:00+05:", DATE_UNREADABLE, NULL},
        {"an impossible offset", NULL, "1990-02-28T20:00:00+5", DATE_UNREADABLE, NULL},
        {"a tail", NULL, "1990-02-28x", DATE_UNREADABLE, NULL},
        {"a date-time that breaks off", NULL, "1990-02-28T", DATE_UNREADABLE, NULL},
        {"a leap day", NULL, "2000-02-29", DATE_OK, "2000-02-29"},
        {"a leap day of a common year", NULL, "1999-02-29", DATE_IMPOSSIBLE, NULL},
        {"a leap day of a century", NULL, "1900-02-29", DATE_IMPOSSIBLE, NULL},
        {"the 30th of February", NULL, "1990-02-30", DATE_IMPOSSIBLE, NULL},
        {"the 31st of April", NULL, "1990-04-31", DATE_IMPOSSIBLE, NULL},
        {"the 31st of December", NULL, "1990-12-31", DATE_OK, "1990-12-31"},
        {"month 13", NULL, "1990-13-01", DATE_IMPOSSIBLE, NULL},
        {"month 0", NULL, "1990-00-01", DATE_IMPOSSIBLE, NULL},
        {"day 0", NULL, "1990-01-00", DATE_IMPOSSIBLE, NULL},
        {"year 0", NULL, "0000-01-01", DATE_IMPOSSIBLE, NULL},
        {"one digit too few", NULL, "1990-2-28", DATE_UNREADABLE, NULL},
        {"one hyphen", NULL, "1990-0228", DATE_UNREADABLE, NULL},
        {"nothing", NULL, "", DATE_UNREADABLE, NULL},
        {"a word", NULL, "yesterday", DATE_UNREADABLE, NULL},
        {"two readings", NULL, "03/04/1990", DATE_AMBIGUOUS, NULL},
        {"two readings with dots", NULL, "3.4.1990", DATE_AMBIGUOUS, NULL},
        {"one reading, but of no form", NULL, "31/12/1990", DATE_UNREADABLE, NULL},
        {"two readings of one day", NULL, "05/05/1990", DATE_UNREADABLE, NULL},
        {"by format", "DD/MM/YYYY", "03/04/1990", DATE_OK, "1990-04-03"},
        {"by the other format", "MM/DD/YYYY", "03/04/1990", DATE_OK, "1990-03-04"},
        {"impossible by format", "DD/MM/YYYY", "12/31/1990", DATE_IMPOSSIBLE, NULL},
        {"no zero where the format has one", "DD/MM/YYYY", "3/4/1990", DATE_UNREADABLE, NULL},
        {"no zero where the format has none", "D.M.YYYY", "3.4.1990", DATE_OK, "1990-04-03"},
        {"a zero where the format has none", "D.M.YYYY", "03.12.1990", DATE_OK, "1990-12-03"},
        {"another separator", "DD/MM/YYYY", "03-04-1990", DATE_UNREADABLE, NULL},
        {"a tail after a format", "DD/MM/YYYY", "03/04/19900", DATE_UNREADABLE, NULL},
        {"ISO beside a format", "DD/MM/YYYY", "1990-04-03", DATE_OK, "1990-04-03"},
        {"ISO without hyphens beside a format", "DD/MM/YYYY", "19900403", DATE_OK, "1990-04-03"},
        {"digits alone are by the format alone", "DDMMYYYY", "03041990", DATE_OK, "1990-04-03"},
        {"digits alone are never two things", "DDMMYYYY", "19900403", DATE_IMPOSSIBLE, NULL},
        {"the year first, then the day", "YYYY-DD-MM", "1990-03-04", DATE_OK, "1990-04-03"},
        {"no ISO beside that", "YYYY-DD-MM", "1990-03-04T00:00", DATE_UNREADABLE, NULL},
        {"slashes", "YYYY/MM/DD", "1990/04/03", DATE_OK, "1990-04-03"},
        {"a time by format", "M/D/YYYY h:mm:ss A", "2/13/1980 12:00:00 AM", DATE_OK, "1980-02-13"},
        {"a half day's hour of 0", "M/D/YYYY h:mm:ss A", "2/13/1980 0:00:00 AM", DATE_UNREADABLE, NULL},
        {"a half day's hour of 13", "M/D/YYYY h:mm:ss A", "2/13/1980 13:00:00 PM", DATE_UNREADABLE, NULL},
        {"neither AM nor PM", "M/D/YYYY h:mm:ss A", "2/13/1980 12:00:00 XM", DATE_UNREADABLE, NULL},
        {"a minute of 60 by format", "DD.MM.YYYY HH:mm", "13.02.1980 10:60", DATE_UNREADABLE, NULL},
        {"no time where the format has one", "DD.MM.YYYY HH:mm", "13.02.1980", DATE_UNREADABLE, NULL},
        {"a fraction and an offset by format", "DD.MM.YYYY HH:mm:ss.SSS Z", "13.02.1980 00:00:00.000 +01:00",
         DATE_OK, "1980-02-13"},
        {"a T by format", "DD.MM.YYYYTHH:mm", "13.02.1980T00:00", DATE_OK, "1980-02-13"},
        {"a format in Japanese", "YYYY年M月D日", "1990年4月3日", DATE_OK, "1990-04-03"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date_format format;
        if (cases[i].format && date_format_read(&format, cases[i].format))
            fail_msg("%s: the format", cases[i].sentence);
        struct date_reading reading;
        enum date_result result =
            date_read(cases[i].format ? &format : NULL, slice_from(cases[i].text), &reading);
        if (result != cases[i].result)
            fail_msg("%s: result %d", cases[i].sentence, (int)result);
        if (result != DATE_OK)
            continue;
        char text[DATE_TEXT_LEN];
        date_write(reading.date, text);
        if (!slice_is(slice_make(text, sizeof text), cases[i].want))
            fail_msg("%s: %.10s", cases[i].sentence, text);
    }
}

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
        {"an instant by format", "DD.MM.YYYY HH:mm Z", "12.02.1980 23:00 Z", "Europe/Berlin", DATE_TIME_OK,
         "1980-02-13"},
    };
    struct arena arena;
    arena_init(&arena, 65536);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date_format format;
        struct date_reading reading;
        struct date date;
        unsigned second;
        if (cases[i].format && date_format_read(&format, cases[i].format))
            fail_msg("%s: the format", cases[i].sentence);
        if (date_read(cases[i].format ? &format : NULL, slice_from(cases[i].text), &reading) != DATE_OK ||
            !reading.has_time)
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
        cmocka_unit_test(dates_are_read_by_the_documented_rules),
        cmocka_unit_test(a_time_of_day_is_resolved_by_the_zone),
        cmocka_unit_test(days_become_dates),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
