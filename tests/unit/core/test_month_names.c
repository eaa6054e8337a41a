#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/month_names.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void names_are_read_in_their_language(void **state)
{
    (void)state;
    static const struct {
        const char *locale, *text;
        unsigned month;
        size_t len;
    } cases[] = {
        {NULL, "January", 1, 7},
        {NULL, "JAN-1980", 1, 3},
        {NULL, "Sept. 3", 9, 4},
        {NULL, "Sep", 9, 3},
        {NULL, "may", 5, 3},
        {NULL, "March", 3, 5},
        {NULL, "ma", 0, 0},
        {NULL, "", 0, 0},
        {NULL, "7", 0, 0},
        {NULL, "Januar", 1, 4}, /* what follows is for the form to refuse */
        {"en-GB", "Sept", 9, 4},
        {"de", "M\xc3\xa4rz", 3, 5},
        {"de", "MA\xcc\x88RZ 1980", 3, 6},
        {"de", "Marz", 3, 4},
        {"de", "Maerz", 3, 5},
        {"de", "Mrz.", 3, 3},
        {"de", "J\xc3\xa4n", 1, 4},
        {"de", "Dez", 12, 3},
        {"de", "Dec", 0, 0},
        {"DE_at", "Feber", 2, 3},
        {"fr", "f\xc3\xa9vr.", 2, 5},
        {"fr", "juin", 6, 4},
        {"fr", "juillet", 7, 7},
        {"fr", "jui", 0, 0},
        {"cs", "listopadu", 11, 9},
        {"hr", "listopada", 10, 9},
        {"tr", "A\xc4\x9eUSTOS", 8, 8},
        {"tr", "may\xc4\xb1s", 5, 6},
        {"ca",
         "d\xe2\x80\x99"
         "abril",
         4, 9},
        {"ca", "d'abril", 4, 7},
        {"th", "\xe0\xb8\xa1\xe0\xb8\x81\xe0\xb8\xa3\xe0\xb8\xb2\xe0\xb8\x84\xe0\xb8\xa1", 1, 18},
        {"vi", "th\xc3\xa1ng 12", 12, 9},
        {"vi", "th\xc3\xa1ng 1 ", 1, 8},
        {"de", "M\xe4rz", 0, 0}, /* not UTF-8 */
        {"fa", "\xda\x98\xd8\xa7\xd9\x86\xd9\x88\xdb\x8c\xd9\x87", 1, 12},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena arena;
        size_t len = 0;
        arena_init(&arena, 65536);
        const struct month_names *names = month_names_new(cases[i].locale, &arena);
        assert_non_null(names);
        unsigned month = month_names_read(names, slice_from(cases[i].text), &len);
        if (month != cases[i].month || (month && len != cases[i].len))
            fail_msg("%s: `%s` is %u, of %zu bytes", cases[i].locale ? cases[i].locale : "-", cases[i].text,
                     month, len);
        arena_clear(&arena);
    }
}

static void a_language_may_write_months_as_numbers(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 65536);
    assert_null(month_names_new("ja", &arena));
    arena_clear(&arena);
}

static void a_locale_is_a_language_or_one_of_a_region(void **state)
{
    (void)state;
    static const struct {
        const char *locale;
        bool known;
        const char *nearest; /* NULL: none */
    } cases[] = {
        {"de", true, NULL},       {"de-AT", true, NULL},  {"de_AT", true, NULL},
        {"pt-br", true, NULL},    {"EN", true, NULL},     {"German", false, "de"},
        {"deutsch", false, "de"}, {"deu", false, "de"},   {"ger", false, "de"},
        {"Frnech", false, "fr"},  {"de-XX", false, "de"}, {"es_US_POSIX", false, "es"},
        {"qq", false, NULL},      {"d", false, NULL},     {"Europe/Berlin", false, NULL},
    };
    struct arena arena;
    arena_init(&arena, 65536);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (month_names_are_known(cases[i].locale) != cases[i].known)
            fail_msg("%s is %sknown", cases[i].locale, cases[i].known ? "un" : "");
        if (cases[i].known)
            continue;
        const char *nearest = month_names_nearest(slice_from(cases[i].locale), &arena);
        if (!nearest != !cases[i].nearest || (nearest && strcmp(nearest, cases[i].nearest) != 0))
            fail_msg("%s is nearest to %s", cases[i].locale, nearest ? nearest : "none");
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_in_their_language),
        cmocka_unit_test(a_language_may_write_months_as_numbers),
        cmocka_unit_test(a_locale_is_a_language_or_one_of_a_region),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("month_names", tests, NULL, NULL);
}
