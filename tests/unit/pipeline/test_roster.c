/* roster: values seen in a run, and who of the ledger was not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/keyset.h"
#include "model/record.h"
#include "pipeline/roster.h"

enum { MANY = 100 * 1000 };

static void a_value_is_seen_once_and_remembers_its_row(void **state)
{
    (void)state;
    struct roster *roster = roster_new(2);
    assert_int_equal(roster_mark(roster, 0, 42, 7), 0);
    assert_int_equal(roster_mark(roster, 0, 42, 9), 7);
    assert_int_equal(roster_mark(roster, 0, 42, 11), 7);
    assert_int_equal(roster_mark(roster, 1, 42, 9), 0);
    assert_int_equal(roster_mark(roster, 0, 0, 12), 0);
    assert_int_equal(roster_mark(roster, 0, 0, 13), 12);
    assert_int_equal(roster_absent(roster), 0);
    assert_null(roster_find(roster, 42));
    roster_free(roster);
}

static void many_values_are_kept_apart(void **state)
{
    (void)state;
    struct roster *roster = roster_new(1);
    char text[32];
    for (int round = 0; round < 2; round++)
        for (uint64_t i = 1; i <= MANY; i++) {
            int len = snprintf(text, sizeof text, "cust-%llu", (unsigned long long)i);
            uint64_t earlier = roster_mark(roster, 0, keyset_hash(slice_make(text, (size_t)len)), i);
            assert_int_equal(earlier, round ? i : 0);
        }
    roster_free(roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_seen_once_and_remembers_its_row),
        cmocka_unit_test(many_values_are_kept_apart),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
