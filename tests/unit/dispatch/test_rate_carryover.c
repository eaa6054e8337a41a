#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/clock.h"
#include "dispatch/rate_carryover.h"

#define S CLOCK_NS_PER_S
#define A "0a1b2c3d-0000-4000-8000-000000000001"
#define B "0a1b2c3d-0000-4000-8000-000000000002"

/* The window is 1 s; the last process ended at 1000 s of the wall clock, 500 s after the machine's start. */
static void time_between_two_processes_is_counted_by_a_clock_that_cannot_step(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *last_boot, *boot;
        uint64_t hold_s, boot_s, real_s;
        bool keeps_distance;
        uint64_t want_hold_s;
    } table[] = {
        {"at once", A, A, 0, 500, 1000, true, 0},
        {"a window later", A, A, 0, 501, 1001, false, 0},
        {"at once, the wall clock an hour ahead", A, A, 0, 500, 4600, true, 0},
        {"a window later, the wall clock an hour back", A, A, 0, 501, 0, false, 0},
        {"the same start, but earlier in it: another name space of time", A, A, 0, 100, 2000, true, 0},
        {"the machine has started since, a while ago", A, B, 0, 60, 2000, false, 0},
        {"the machine has started this moment", A, B, 0, 0, 2000, true, 0},
        {"another machine that runs for long, at once by the wall clock", A, B, 0, 90000, 1000, true, 0},
        {"another start, the wall clock behind", A, B, 0, 90000, 10, true, 0},
        {"no start is known, at once", "", "", 0, 0, 1000, true, 0},
        {"no start is known, later", "", "", 0, 0, 1001, false, 0},
        {"the other process knew none", "", A, 0, 90000, 1000, true, 0},
        {"a Retry-After goes on", A, A, 60, 510, 1010, false, 50},
        {"a Retry-After goes on, the wall clock a year ahead", A, A, 60, 510, 31536000, false, 50},
        {"a Retry-After is over", A, A, 60, 560, 1060, false, 0},
        {"a Retry-After after another start", A, B, 60, 90000, 1010, false, 50},
        {"a Retry-After, and the clock went back: never longer than it was", A, B, 60, 90000, 10, true, 60},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ledger_sending last = {
            .boot_ns = 500 * S, .real_ns = 1000 * S, .hold_ns = table[i].hold_s * S};
        const struct rate_carryover_now now = {table[i].boot, table[i].boot_s * S, table[i].real_s * S,
                                               false};
        uint64_t hold_ns = 1;
        snprintf(last.boot, sizeof last.boot, "%s", table[i].last_boot);
        bool keeps_distance = rate_carryover_evaluate(&last, &now, S, &hold_ns);
        if (keeps_distance != table[i].keeps_distance || hold_ns != table[i].want_hold_s * S)
            fail_msg("%s: %d, %llu", table[i].sentence, keeps_distance, (unsigned long long)hold_ns);
    }
}

/* Ten minutes after it by the wall clock, of which nobody knows whether it is that of the other host. */
static void the_clock_of_another_host_is_not_believed(void **state)
{
    (void)state;
    static const struct {
        const char *last_boot, *boot;
        bool is_remote, want;
    } table[] = {
        {A, A, true, false}, {A, B, true, true},   {"", "", true, true},
        {A, "", true, true}, {A, B, false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ledger_sending last = {.boot_ns = 500 * S, .real_ns = 1000 * S, .hold_ns = 700 * S};
        const struct rate_carryover_now now = {table[i].boot, 1100 * S, 1600 * S, table[i].is_remote};
        uint64_t hold_ns = 0;
        snprintf(last.boot, sizeof last.boot, "%s", table[i].last_boot);
        if (rate_carryover_evaluate(&last, &now, S, &hold_ns) != table[i].want || hold_ns != 100 * S)
            fail_msg("row %zu: %llu", i, (unsigned long long)hold_ns);
    }
}

static void the_end_of_a_killed_process_is_not_known(void **state)
{
    (void)state;
    const struct ledger_sending last = {
        .under_way = true, .boot = A, .boot_ns = 500 * S, .real_ns = 1000 * S};
    const struct rate_carryover_now now = {A, 900000 * S, 900000 * S, false};
    uint64_t hold_ns = 1;
    assert_true(rate_carryover_evaluate(&last, &now, S, &hold_ns));
    assert_int_equal(hold_ns, 0);
}

static void a_process_that_was_killed_while_it_waited_leaves_the_rest_of_the_wait(void **state)
{
    (void)state;
    const struct ledger_sending last = {
        .under_way = true, .boot = A, .boot_ns = 500 * S, .real_ns = 1000 * S, .hold_ns = 60 * S};
    const struct rate_carryover_now now = {A, 520 * S, 900000 * S, false};
    uint64_t hold_ns = 0;
    assert_true(rate_carryover_evaluate(&last, &now, S, &hold_ns));
    assert_int_equal(hold_ns, 40 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_between_two_processes_is_counted_by_a_clock_that_cannot_step),
        cmocka_unit_test(the_clock_of_another_host_is_not_believed),
        cmocka_unit_test(the_end_of_a_killed_process_is_not_known),
        cmocka_unit_test(a_process_that_was_killed_while_it_waited_leaves_the_rest_of_the_wait),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rate_carryover", tests, NULL, NULL);
}
