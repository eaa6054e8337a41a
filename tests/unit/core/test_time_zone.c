#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/time_zone.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Instants by GNU date -u -d '…' +%s; days are floor(seconds / 86400) of the local date. */
static void a_day_begins_by_the_clock_of_the_zone(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *zone;
        int64_t instant, day;
        bool starts;
    } cases[] = {
        {"1980-02-12T23:00Z is midnight in Berlin's winter", "Europe/Berlin", 319244400, 3695, true},
        {"1981-06-30T22:00Z is midnight in Berlin's summer", "Europe/Berlin", 362786400, 4199, true},
        {"1960-04-28T22:00Z is 23:00 in Berlin", "Europe/Berlin", -305344800, -3535, false},
        {"and midnight in Helsinki", "Europe/Helsinki", -305344800, -3534, true},
        {"1980-02-13T05:00Z is midnight in New York", "America/New_York", 319266000, 3695, true},
        {"a second later is not", "America/New_York", 319266001, 3695, false},
        {"UTC itself", "UTC", 0, 0, true},
        {"1990-10-21T03:00Z: Sao Paulo has no 00:00 on that day, it begins at 01:00", "America/Sao_Paulo",
         656478000, 7598, true},
        {"an hour later is 02:00 there", "America/Sao_Paulo", 656481600, 7598, false},
        {"2020-11-01T04:00Z: Havana's first 00:00 of two", "America/Havana", 1604203200, 18567, true},
        {"2020-11-01T05:00Z: its second one", "America/Havana", 1604206800, 18567, false},
        {"2000-10-29T02:30Z: St. John's 00:00, a minute before its clock goes back over midnight",
         "America/St_Johns", 972786600, 11259, true},
        {"2000-10-29T03:30Z: 00:00 there again", "America/St_Johns", 972790200, 11259, false},
        {"2011-12-30T10:00Z: Apia skips a day and begins the 31st", "Pacific/Apia", 1325239200, 15339, true},
        {"2700-06-30T22:00Z: far behind the table", "Europe/Berlin", 23052204000, 266808, true},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct time_zone *zone = time_zone_new(cases[i].zone, &arena);
        bool starts;
        int64_t day = time_zone_day(zone, cases[i].instant, &starts);
        if (day != cases[i].day || starts != cases[i].starts)
            fail_msg("%s: day %lld, %d", cases[i].sentence, (long long)day, starts);
    }
    arena_clear(&arena);
}

static void offsets_are_those_of_the_tz_database(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    const struct time_zone *kolkata = time_zone_new("Asia/Kolkata", &arena);
    const struct time_zone *berlin = time_zone_new("Europe/Berlin", &arena);
    assert_int_equal(time_zone_offset(kolkata, 0), 19800);
    assert_int_equal(time_zone_offset(berlin, -3000000000), 3208); /* local mean time: +0:53:28 */
    assert_int_equal(time_zone_offset(berlin, 354675599), 3600);   /* a second before 1981-03-29 01:00 UTC */
    assert_int_equal(time_zone_offset(berlin, 354675600), 7200);
    arena_clear(&arena);
}

static void names_are_those_of_the_tz_database(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool known;
        const char *nearest;
    } cases[] = {
        {"Europe/Berlin", true, NULL},
        {"UTC", true, NULL},
        {"Etc/GMT+5", true, NULL},
        {"America/Argentina/Buenos_Aires", true, NULL},
        {"Europe/Berln", false, "Europe/Berlin"},
        {"europe/berlin", false, "Europe/Berlin"},
        {"berlin", false, "Europe/Berlin"},
        {"New_York", false, "America/New_York"},
        {"BST", false, NULL}, /* ICU would take Dhaka */
        {"IST", false, NULL},
        {"PST", false, NULL},
        {"Etc/Unknown", false, NULL},
        {"GMT+02:00", false, NULL},
        {"", false, NULL},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (time_zone_is_known(cases[i].name) != cases[i].known)
            fail_msg("%s", cases[i].name);
        if (cases[i].nearest)
            assert_string_equal(time_zone_nearest(slice_from(cases[i].name), &arena), cases[i].nearest);
    }
    assert_null(time_zone_nearest(SLICE_LITERAL("Atlantis/Poseidonis"), &arena));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_begins_by_the_clock_of_the_zone),
        cmocka_unit_test(offsets_are_those_of_the_tz_database),
        cmocka_unit_test(names_are_those_of_the_tz_database),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("time_zone", tests, NULL, NULL);
}
