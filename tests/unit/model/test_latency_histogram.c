#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/latency_histogram.h"

#define MS UINT64_C(1000000)

static void a_duration_is_in_the_first_bucket_that_it_does_not_exceed(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *bound;
    } rows[] = {
        {0, "0.01"},          {10 * MS, "0.01"},  {10 * MS + 1, "0.025"},
        {99 * MS, "0.1"},     {100 * MS, "0.1"},  {100 * MS + 1, "0.25"},
        {2500 * MS, "2.5"},   {30000 * MS, "30"}, {30000 * MS + 1, "+Inf"},
        {UINT64_MAX, "+Inf"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(latency_histogram_bound(latency_histogram_bucket(rows[i].ns)), rows[i].bound);
}

/* What the metrics print is what is counted by. */
static void each_bound_is_its_text(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < LATENCY_HISTOGRAM_BUCKETS; i++) {
        uint64_t ns = (uint64_t)(strtod(latency_histogram_bound(i), NULL) * 1e9 + 0.5);
        assert_int_equal(latency_histogram_bucket(ns), i);
        assert_int_equal(latency_histogram_bucket(ns + 1), i + 1);
    }
    assert_string_equal(latency_histogram_bound(LATENCY_HISTOGRAM_BUCKETS - 1), "+Inf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_is_in_the_first_bucket_that_it_does_not_exceed),
        cmocka_unit_test(each_bound_is_its_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("latency_histogram", tests, NULL, NULL);
}
