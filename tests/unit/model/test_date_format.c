#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/date_format.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void a_format_is_made_of_parts_once_each(void **state)
{
    (void)state;
    static const struct {
        const char *format, *fault; /* a part of the message; NULL: it is good */
    } cases[] = {
        {"DD/MM/YYYY", NULL},
        {"D.M.YYYY", NULL},
        {"YYYYMMDD", NULL},
        {"YYYY年M月D日", NULL},
        {"DD.MM.YYYY HH:mm:ss", NULL},
        {"DD.MM.YYYYTHH:mm", NULL},
        {"M/D/YYYY h:mm:ss A", NULL},
        {"MM/DD/YYYY hh:mm:ss.SSSa Z", NULL},
        {"YYYYMMDDHHmmss", NULL},
        {"YYYY-MM-DD HHZ", NULL},
        {"", "day, month and year"},
        {"DD/MM", "day, month and year"},
        {"DD/MM/YY", NULL},
        {"D. MMMM YYYY", NULL},
        {"MMM D, YY", NULL},
        {"DDMMMYYYY", NULL},
        {"unix", NULL},
        {"unix_ms", NULL},
        {"excel", NULL},
        {"excel ", "made of"},
        {"unix_s", "made of"},
        {"DD/MM/YY/YYYY", "the year twice"},
        {"DD/MM/MMM/YYYY", "the month twice"},
        {"DD/MMMMM/YYYY", "made of"},
        {"DD/MM/YYY", "made of"},
        {"DD/MM/YYYY/DD", "once"},
        {"dd/mm/yyyy", "made of"},
        {"DDD/MM/YYYY", "made of"},
        {"DMYYYY", "separator on both sides"},
        {"DD/MMD/YYYY", "once"},
        {"YYYY-MM-DDThh", "needs `A`"},
        {"YYYY-MM-DDTHH:mm", NULL},
        {"YYYY-MM-DD mm", "need an hour"},
        {"YYYY-MM-DD Z", "need an hour"},
        {"YYYY-MM-DD HH:ss", "seconds need minutes"},
        {"YYYY-MM-DD HH:mm.SSS", "fraction needs seconds"},
        {"YYYY-MM-DD HH:mm A", "`A` needs"},
        {"YYYY-MM-DD HH hh A", "twice"},
        {"YYYY-MM-DDH:mm", "separator on both sides"},
        {"1D/MM/YYYY", "made of"},
        {"DD/MM/YYYYY", "made of"},
        {"DD / / / / / / / / / / / / MM / YYYY", "made of"},
        {"DD/MM/YYYY                                          ", "too long"},
    };
    struct date_format format;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *fault = date_format_read(&format, cases[i].format);
        if (!fault != !cases[i].fault || (fault && !strstr(fault, cases[i].fault)))
            fail_msg("%s: %s", cases[i].format, fault ? fault : "taken");
    }
}

static void what_its_parts_say_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        bool has_time, has_separators, iso_is_safe, has_short_year, has_month_name;
    } cases[] = {
        {"DD/MM/YYYY", false, true, true, false, false},     {"DDMMYYYY", false, false, true, false, false},
        {"DDMMYYYY HH:mm", true, false, true, false, false}, {"YYYY-DD-MM", false, true, false, false, false},
        {"YYYY-MM-DD h A", true, true, true, false, false},  {"DD MMM YY", false, true, true, true, true},
        {"DDMMYY", false, false, true, true, false},         {"YYYY-DD-MMM", false, true, true, false, true},
        {"unix", true, false, true, false, false},           {"excel", true, false, true, false, false},
    };
    struct date_format format;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_null(date_format_read(&format, cases[i].format));
        if (format.has_time != cases[i].has_time || format.has_separators != cases[i].has_separators ||
            format.iso_is_safe != cases[i].iso_is_safe || format.has_short_year != cases[i].has_short_year ||
            format.has_month_name != cases[i].has_month_name)
            fail_msg("%s", cases[i].format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_format_is_made_of_parts_once_each),
        cmocka_unit_test(what_its_parts_say_of_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("date_format", tests, NULL, NULL);
}
