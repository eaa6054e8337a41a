#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#include <cmocka.h>

#include "core/clock.h"

static void a_day_or_a_time_with_its_zone_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t want; /* ns */
    } rows[] = {
        {"1970-01-01", 0},
        {"2026-11-21", 1795219200 * CLOCK_NS_PER_S},
        {"2026-11-21T00:00Z", 1795219200 * CLOCK_NS_PER_S},
        {"2026-11-21T08:09:10Z", 1795248550 * CLOCK_NS_PER_S},
        {"2026-11-21T08:09:10.123Z", 1795248550123 * CLOCK_NS_PER_MS},
        {"2026-11-21T09:09:10+01:00", 1795248550 * CLOCK_NS_PER_S},
        {"2026-11-21T03:39:10.5-04:30", 1795248550500 * CLOCK_NS_PER_MS},
        {"2024-02-29", 1709164800 * CLOCK_NS_PER_S},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t got = 1;
        if (!clock_read_rfc3339(rows[i].text, &got) || got != rows[i].want)
            fail_msg("%s: %llu, not %llu", rows[i].text, (unsigned long long)got,
                     (unsigned long long)rows[i].want);
    }
}

static void anything_else_is_not(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "yesterday",
                                       "2026-11",
                                       "2026-11-31",
                                       "2026-02-29",
                                       "2026-13-01",
                                       "2026-11-21 08:09",
                                       "2026-11-21T08:09",
                                       "2026-11-21T08:09:60Z",
                                       "2026-11-21T24:00Z",
                                       "1969-12-31",
                                       "2026-11-21T08Z",
                                       "2026-11-21T08:09z",
                                       "2026-11-21T08:09:1.Z",
                                       "2026-11-21T08:09:10.Z",
                                       "2500-01-01",
                                       "2026-11-21 ",
                                       "26-11-21"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t got;
        if (clock_read_rfc3339(rows[i], &got))
            fail_msg("%s was read as %llu", rows[i], (unsigned long long)got);
    }
}

static void a_written_time_is_read_again(void **state)
{
    (void)state;
    char text[CLOCK_RFC3339_SIZE];
    uint64_t now = clock_real_ns() / CLOCK_NS_PER_MS * CLOCK_NS_PER_MS, got;
    assert_true(clock_read_rfc3339(clock_rfc3339(now, text), &got));
    assert_true(got == now);
}

static void spin(int signal)
{
    (void)signal;
    for (uint64_t until_ns = clock_mono_ns() + CLOCK_NS_PER_MS; clock_mono_ns() < until_ns;)
        ;
}

/* A signal takes a millisecond every other one, wherever the conversion is. */
static void a_real_time_has_one_monotonic_time_however_often_the_thread_is_interrupted(void **state)
{
    (void)state;
    const struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    uint64_t before_ns = clock_mono_ns(), real_ns = clock_real_ns(), after_ns = clock_mono_ns();
    uint64_t first_ns = clock_mono_of_real_ns(real_ns), least_ns = first_ns, most_ns = first_ns;
    signal(SIGALRM, spin);
    setitimer(ITIMER_REAL, &often, NULL);
    while (clock_mono_ns() < before_ns + 500 * CLOCK_NS_PER_MS) {
        uint64_t mono_ns = clock_mono_of_real_ns(real_ns);
        least_ns = mono_ns < least_ns ? mono_ns : least_ns;
        most_ns = mono_ns > most_ns ? mono_ns : most_ns;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    assert_in_range(first_ns, before_ns - CLOCK_NS_PER_MS / 4, after_ns + CLOCK_NS_PER_MS / 4);
    assert_in_range(most_ns - least_ns, 0, CLOCK_NS_PER_MS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_or_a_time_with_its_zone_is_read),
        cmocka_unit_test(anything_else_is_not),
        cmocka_unit_test(a_written_time_is_read_again),
        cmocka_unit_test(a_real_time_has_one_monotonic_time_however_often_the_thread_is_interrupted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
