#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/quantity.h"

#define S UINT64_C(1000000000)

static const struct {
    const char *text;
    const struct quantity *quantity;
    uint64_t min, max;
    uint64_t want;
    const char *fault; /* NULL: want */
} rows[] = {
    {"0", &quantity_number, 0, UINT64_MAX, 0, NULL},
    {"18446744073709551615", &quantity_number, 0, UINT64_MAX, UINT64_MAX, NULL},
    {"18446744073709551616", &quantity_number, 0, UINT64_MAX, 0,
     "`18446744073709551616` is not a whole number"},
    {"", &quantity_number, 0, 9, 0, "`` is not a whole number"},
    {"-1", &quantity_number, 0, 9, 0, "`-1` is not a whole number"},
    {"1 ", &quantity_number, 0, 9, 0, "`1 ` is not a whole number"},
    {"3", &quantity_number, 3, 9, 3, NULL},
    {"9", &quantity_number, 3, 9, 9, NULL},
    {"2", &quantity_number, 3, 9, 0, "`2` is out of range: `x` may be from 3 to 9"},
    {"10", &quantity_number, 3, 9, 0, "`10` is out of range: `x` may be from 3 to 9"},
    {"65536", &quantity_size, 1, UINT64_MAX, 65536, NULL},
    {"64KiB", &quantity_size, 1, UINT64_MAX, 65536, NULL},
    {"3MiB", &quantity_size, 1, UINT64_MAX, 3145728, NULL},
    {"1GiB", &quantity_size, 1, UINT64_MAX, 1073741824, NULL},
    {"1MB", &quantity_size, 1, UINT64_MAX, 0,
     "`1MB` is not a size\nhint: write bytes, or KiB, MiB, GiB, as in `1MiB`"},
    {"17179869184GiB", &quantity_size, 1, UINT64_MAX, 0,
     "`17179869184GiB` is out of range: `x` may be from 1GiB to 17179869183GiB"},
    {"500ms", &quantity_duration, 0, UINT64_MAX, S / 2, NULL},
    {"30s", &quantity_duration, 0, UINT64_MAX, 30 * S, NULL},
    {"10m", &quantity_duration, 0, UINT64_MAX, 600 * S, NULL},
    {"2h", &quantity_duration, 0, UINT64_MAX, 7200 * S, NULL},
    {"30", &quantity_duration, 0, UINT64_MAX, 0,
     "`30` is not a duration\nhint: write ms, s, m or h, as in `30s`"},
    /* The bounds are those of the unit that is written: the least is rounded up. */
    {"0m", &quantity_duration, S, 3600 * S, 0, "`0m` is out of range: `x` may be from 1m to 60m"},
    {"20%", &quantity_percent, 0, 100, 20, NULL},
    {"20", &quantity_percent, 0, 100, 0, "`20` is not a share\nhint: write a percentage, as in `20%`"},
};

static void a_quantity_is_digits_and_a_unit_within_its_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char fault[QUANTITY_FAULT_SIZE] = "";
        uint64_t number = 0;
        bool is_valid = quantity_read(slice_from(rows[i].text), rows[i].quantity, "x", rows[i].min,
                                      rows[i].max, &number, fault);
        if (is_valid != !rows[i].fault || (is_valid && number != rows[i].want))
            fail_msg("%s: %llu", rows[i].text, (unsigned long long)number);
        if (rows[i].fault)
            assert_string_equal(fault, rows[i].fault);
    }
}

static void a_rate_keeps_its_number_and_its_time(void **state)
{
    (void)state;
    const struct quantity_unit *unit;
    uint64_t number;
    assert_true(quantity_split(SLICE_LITERAL("300/min"), &quantity_rate, &number, &unit));
    assert_int_equal(number, 300);
    assert_true(unit->factor == 60 * S);
    assert_true(quantity_split(SLICE_LITERAL("1/h"), &quantity_rate, &number, &unit));
    assert_true(unit->factor == 3600 * S);
    assert_false(quantity_split(SLICE_LITERAL("300"), &quantity_rate, &number, &unit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantity_is_digits_and_a_unit_within_its_bounds),
        cmocka_unit_test(a_rate_keeps_its_number_and_its_time),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
