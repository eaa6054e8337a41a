#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/date.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void dates_are_read_as_the_specification_says(void **state)
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
        {"a time that is none", NULL, "1990-02-28T25:00", DATE_NO_DATE, NULL},
        {"a zone that is none", NULL, "1990-02-28T20:00:00+5", DATE_NO_DATE, NULL},
        {"a tail", NULL, "1990-02-28x", DATE_NO_DATE, NULL},
        {"a date-time that breaks off", NULL, "1990-02-28T", DATE_NO_DATE, NULL},
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
        {"one digit too few", NULL, "1990-2-28", DATE_NO_DATE, NULL},
        {"one hyphen", NULL, "1990-0228", DATE_NO_DATE, NULL},
        {"nothing", NULL, "", DATE_NO_DATE, NULL},
        {"a word", NULL, "yesterday", DATE_NO_DATE, NULL},
        {"two readings", NULL, "03/04/1990", DATE_AMBIGUOUS, NULL},
        {"two readings with dots", NULL, "3.4.1990", DATE_AMBIGUOUS, NULL},
        {"one reading, but of no form", NULL, "31/12/1990", DATE_NO_DATE, NULL},
        {"two readings of one day", NULL, "05/05/1990", DATE_NO_DATE, NULL},
        {"by format", "DD/MM/YYYY", "03/04/1990", DATE_OK, "1990-04-03"},
        {"by the other format", "MM/DD/YYYY", "03/04/1990", DATE_OK, "1990-03-04"},
        {"impossible by format", "DD/MM/YYYY", "12/31/1990", DATE_IMPOSSIBLE, NULL},
        {"no zero where one is asked", "DD/MM/YYYY", "3/4/1990", DATE_NO_DATE, NULL},
        {"no zero where none is asked", "D.M.YYYY", "3.4.1990", DATE_OK, "1990-04-03"},
        {"a zero where none is asked", "D.M.YYYY", "03.12.1990", DATE_OK, "1990-12-03"},
        {"another separator", "DD/MM/YYYY", "03-04-1990", DATE_NO_DATE, NULL},
        {"a tail after a format", "DD/MM/YYYY", "03/04/19900", DATE_NO_DATE, NULL},
        {"ISO beside a format", "DD/MM/YYYY", "1990-04-03", DATE_OK, "1990-04-03"},
        {"ISO without hyphens beside a format", "DD/MM/YYYY", "19900403", DATE_OK, "1990-04-03"},
        {"digits alone are by the format alone", "DDMMYYYY", "03041990", DATE_OK, "1990-04-03"},
        {"digits alone are never two things", "DDMMYYYY", "19900403", DATE_IMPOSSIBLE, NULL},
        {"the year first, then the day", "YYYY-DD-MM", "1990-03-04", DATE_OK, "1990-04-03"},
        {"no ISO beside that", "YYYY-DD-MM", "1990-03-04T00:00", DATE_NO_DATE, NULL},
        {"slashes", "YYYY/MM/DD", "1990/04/03", DATE_OK, "1990-04-03"},
        {"a format in Japanese", "YYYY年M月D日", "1990年4月3日", DATE_OK, "1990-04-03"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date_format format;
        if (cases[i].format && date_format_read(&format, cases[i].format) < 0)
            fail_msg("%s: the format", cases[i].sentence);
        struct date date;
        enum date_result result =
            date_read(cases[i].format ? &format : NULL, slice_from(cases[i].text), &date);
        if (result != cases[i].result)
            fail_msg("%s: result %d", cases[i].sentence, (int)result);
        if (result != DATE_OK)
            continue;
        char text[DATE_TEXT_LEN];
        date_write(date, text);
        if (!slice_is(slice_make(text, sizeof text), cases[i].want))
            fail_msg("%s: %.10s", cases[i].sentence, text);
    }
}

static void a_format_names_each_part_once(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "DD/MM",
                                      "DD/MM/YY",
                                      "DD/MM/YYYY/DD",
                                      "dd/mm/yyyy",
                                      "DDD/MM/YYYY",
                                      "DMYYYY",
                                      "YYYY-MM-DDThh",
                                      "1D/MM/YYYY",
                                      "DD/MM/YYYYY",
                                      "DD / / / / / / / MM / YYYY"};
    struct date_format format;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (date_format_read(&format, bad[i]) == 0)
            fail_msg("%s", bad[i]);
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
        cmocka_unit_test(dates_are_read_as_the_specification_says),
        cmocka_unit_test(a_format_names_each_part_once),
        cmocka_unit_test(days_become_dates),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
