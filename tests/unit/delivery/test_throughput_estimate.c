/* What binds a job, in one sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/throughput_estimate.h"
#include "provider/provider_table.h"
#include "unit/job_parts.h"

static void the_sentence_names_the_limit_and_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        size_t keys;
        uint64_t window;
        uint32_t in_flight, rate;
        double latency_ms;
        bool rate_binds;
        const char *want;
    } table[] = {
        {"payward", 1, 0, 0, 0, 200, false,
         "one key, so one request in flight: about 5/s at 200 ms a reply\nhint: add keys or set provider.nonce_window"},
        {"kraken-embed", 3, 0, 0, 100, 50, false,
         "3 keys, so 3 requests in flight: about 60/s at 50 ms a reply\nhint: add keys or set provider.nonce_window"},
        {"kraken-embed", 3, 0, 2, 100, 50, false,
         "2 requests in flight allow about 40/s at 50 ms a reply, less than delivery.rate (100/s)\nhint: raise delivery.in_flight"},
        {"payward", 1, 1000000, 8, 100, 200, false,
         "8 requests in flight allow about 40/s at 200 ms a reply, less than delivery.rate (100/s)\nhint: raise delivery.in_flight"},
        {"payward", 1, 0, 0, 0, 40, true,
         "limited by delivery.rate (10/s); 1 request in flight allows about 25/s at 40 ms a reply"},
        {"kira", 1, 0, 0, 0, 200, true,
         "limited by delivery.rate (10/s); 2 requests in flight allow about 10/s at 200 ms a reply"},
        {"kira", 1, 0, 0, 0, 0.25, true,
         "limited by delivery.rate (10/s); 2 requests in flight allow about 8000/s at 0.25 ms a reply"},
        {"kira", 1, 0, 0, 0, 400, false,
         "2 requests in flight allow about 5/s at 400 ms a reply, less than delivery.rate (10/s)\nhint: raise delivery.in_flight"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct job job = {
            .provider = {.credential_count = table[i].keys,
                         JOB_SETTINGS(JOB_NUMBER(SETTING_NONCE_WINDOW, table[i].window))},
            .delivery = {.in_flight = table[i].in_flight,
                         .rate = {table[i].rate, table[i].rate ? CLOCK_NS_PER_S : 0}},
        };
        char text[THROUGHPUT_ESTIMATE_TEXT_SIZE];
        bool rate_binds =
            throughput_estimate_describe(&job, provider_find(table[i].provider), table[i].latency_ms, text);
        assert_string_equal(text, table[i].want);
        assert_int_equal(rate_binds, table[i].rate_binds);
    }
}

static void a_time_is_that_of_the_rate_and_that_of_the_replies(void **state)
{
    (void)state;
    struct job job = {.provider = {.credential_count = 1}, .delivery = {.rate = {600, 60 * CLOCK_NS_PER_S}}};
    struct throughput_estimate estimate =
        throughput_estimate_time(&job, provider_find("payward"), 5000, THROUGHPUT_ESTIMATE_LATENCY_MS);
    assert_true(estimate.rate_s > 499.99 && estimate.rate_s < 500.01);
    assert_true(estimate.in_flight_s > 999.99 && estimate.in_flight_s < 1000.01); /* one at a time */
    assert_int_equal(estimate.in_flight, 1);
    assert_string_equal(estimate.rate, "600/min");
}

static void a_rate_is_written_as_in_the_job_file(void **state)
{
    (void)state;
    static const struct {
        uint64_t per_s;
        const char *want;
    } table[] = {{1, "limited by delivery.rate (3/s)"},
                 {60, "limited by delivery.rate (3/min)"},
                 {3600, "limited by delivery.rate (3/h)"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct job job = {.provider = {.credential_count = 1},
                          .delivery = {.rate = {3, table[i].per_s * CLOCK_NS_PER_S}}};
        char text[THROUGHPUT_ESTIMATE_TEXT_SIZE];
        assert_true(throughput_estimate_describe(&job, provider_find("payward"),
                                                 THROUGHPUT_ESTIMATE_LATENCY_MS, text));
        assert_memory_equal(text, table[i].want, strlen(table[i].want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_that_of_the_rate_and_that_of_the_replies),
        cmocka_unit_test(the_sentence_names_the_limit_and_what_to_do),
        cmocka_unit_test(a_rate_is_written_as_in_the_job_file),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("throughput_estimate", tests, NULL, NULL);
}
