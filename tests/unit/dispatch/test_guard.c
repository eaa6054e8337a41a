#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/guard.h"
#include "job/job_provider.h"
#include "provider/provider_table.h"
#include "unit/job/job_text.h"

static struct guard make(uint32_t in_a_row, uint32_t share, uint32_t canary)
{
    const struct job_delivery limits = {.refused_in_a_row = in_a_row, .refused_share = share};
    struct guard guard;
    guard_init(&guard, &limits, canary);
    return guard;
}

/* answers: `+` done, `-` refused; the trip after all of them. Customers are numbered from 1. */
static enum guard_trip answer(struct guard *guard, const char *answers)
{
    for (size_t i = 0; answers[i]; i++)
        if (answers[i] == '+')
            guard_add_done(guard);
        else
            guard_add_refused(guard, (int64_t)i + 1);
    return guard->trip;
}

static void each_rule_trips_when_it_should_and_no_sooner(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint32_t in_a_row, share, canary;
        const char *answers;
        enum guard_trip want;
        size_t not_final;
    } rows[] = {
        {"all is well", 3, 20, 2, "+++++", GUARD_NONE, 0},
        {"the canary's first is refused", 3, 20, 2, "-", GUARD_CANARY, 1},
        {"the canary's last is refused", 3, 20, 2, "+-", GUARD_CANARY, 1},
        {"the first after the canary is refused", 3, 20, 2, "++-", GUARD_NONE, 1},
        {"no canary", 3, 20, 0, "--", GUARD_NONE, 2},
        {"three in a row", 3, 20, 0, "---", GUARD_IN_A_ROW, 3},
        {"three, one done between", 3, 20, 0, "--+-", GUARD_NONE, 1},
        {"the row is counted from the last that was done", 3, 20, 0, "--+---", GUARD_IN_A_ROW, 3},
        {"one in a row is one", 1, 20, 0, "+-", GUARD_IN_A_ROW, 1},
        {"what comes after is not final either", 3, 20, 0, "-----", GUARD_IN_A_ROW, 5},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guard guard = make(rows[i].in_a_row, rows[i].share, rows[i].canary);
        size_t count;
        enum guard_trip trip = answer(&guard, rows[i].answers);
        const int64_t *customers = guard_not_final(&guard, &count);
        if (trip != rows[i].want || count != rows[i].not_final)
            fail_msg("%s: trip %d, %zu not final", rows[i].sentence, (int)trip, count);
        if (count > 0)
            assert_int_equal(customers[count - 1], strrchr(rows[i].answers, '-') - rows[i].answers + 1);
        guard_clear(&guard);
    }
}

static void the_share_counts_from_a_hundred_answers_on(void **state)
{
    (void)state;
    struct guard guard = make(1000, 20, 0);
    size_t count;
    for (int i = 1; i <= 99; i++) /* two in three refused, and too few to say */
        if (i % 3 == 0)
            guard_add_done(&guard);
        else
            assert_int_equal(guard_add_refused(&guard, i), GUARD_NONE);
    assert_int_equal(guard_add_refused(&guard, 100), GUARD_SHARE);
    assert_ptr_equal(guard_not_final(&guard, &count), guard.refused);
    assert_int_equal(count, 67);
    guard_clear(&guard);
}

static void a_share_as_high_as_allowed_goes_on(void **state)
{
    (void)state;
    struct guard guard = make(1000, 20, 0);
    for (int i = 1; i <= 1000; i++)
        if (i % 5 == 0)
            assert_int_equal(guard_add_refused(&guard, i), GUARD_NONE);
        else
            guard_add_done(&guard);
    assert_int_equal(guard_add_refused(&guard, 1001), GUARD_SHARE);
    guard_clear(&guard);
}

static void a_night_with_one_in_a_hundred_refused_goes_on(void **state)
{
    (void)state;
    struct guard guard = make(25, 20, 0);
    uint64_t bits = 1;
    for (int i = 1; i <= 1000000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407u;
        if ((bits >> 33) % 100 == 0)
            assert_int_equal(guard_add_refused(&guard, i), GUARD_NONE);
        else
            guard_add_done(&guard);
    }
    guard_clear(&guard);
}

/* A value of each setting that is not its default, and one more. */
static const struct {
    const char *name, *provider, *first, *second;
} samples[] = {
    {"name", "payward", "kraken-embed", NULL},
    {"base_url", "payward", "https://a.example.com", "https://b.example.com"},
    {"ca_file", "payso", "a.pem", "b.pem"},
    {"proxy", "payso", "http://a.example.com", "http://b.example.com"},
    {"keep", "payso", "[accounts]", "[accounts, status]"},
    {"nonce_window", "payward", "1", "2"},
    {"nonce_floor", "payward", "1", "2"},
    {"concat_country", "payward", "true", NULL},
    {"version", "kira", "a", "b"},
    {"version_header", "kraken-embed", "X-A", "X-B"},
    {"idempotency_window", "kira", "2h", "3h"},
    {"documents", "kira", "a", "b"},
    {"settle_after", "payso", "1s", "2s"},
    {"list_max", "payso", "1MiB", "2MiB"},
    {"date_format", "payso", "YYYY-MM-DD", NULL},
};

static void settings_of(const char *provider, const char *name, const char *value,
                        char hex[GUARD_SETTINGS_SIZE])
{
    char text[512], setting[128] = "";

    if (value && strcmp(name, "name") == 0)
        provider = value;
    else if (value)
        snprintf(setting, sizeof setting, "%s: \"%s\", ", name, value);
    if (value && (value[0] == '[' || strcmp(value, "true") == 0))
        snprintf(setting, sizeof setting, "%s: %s, ", name, value);
    snprintf(text, sizeof text,
             JOB_HEAD JOB_INPUT "provider: {name: %s, %scredentials: {api_key: env:A_KEY}}\n" JOB_FIELDS,
             provider, setting);
    struct job *job = job_text_load(text);
    guard_settings(job, provider_find(provider), hex);
    job_free(job);
}

/* A setting that is added to the table must be here too, and one that the digest left out would be found. */
static void any_setting_of_the_provider_makes_other_settings(void **state)
{
    (void)state;
    for (const struct job_key *key = job_provider_keys(); key->name; key++) {
        char none[GUARD_SETTINGS_SIZE], first[GUARD_SETTINGS_SIZE], second[GUARD_SETTINGS_SIZE];
        size_t i = 0;
        if (strcmp(key->name, "credentials") == 0) /* of new ones the provider asks nothing new */
            continue;
        while (i < sizeof samples / sizeof *samples && strcmp(samples[i].name, key->name) != 0)
            i++;
        if (i == sizeof samples / sizeof *samples)
            fail_msg("`%s` is a new setting: give it values here", key->name);
        settings_of(samples[i].provider, key->name, NULL, none);
        settings_of(samples[i].provider, key->name, samples[i].first, first);
        settings_of(samples[i].provider, key->name, samples[i].second, second);
        if (strcmp(none, first) == 0 || strcmp(first, second) == 0)
            fail_msg("`%s` is not in the digest", key->name);
        if (samples[i].second && strcmp(none, second) == 0)
            fail_msg("the second `%s` is not in the digest", key->name);
    }
}

static void nothing_else_of_the_job_makes_other_settings(void **state)
{
    (void)state;
    static const struct provider provider = {.name = "payward", .base_url = "https://a.example.com"};
    struct job job = {.name = "a"};
    char first[GUARD_SETTINGS_SIZE], second[GUARD_SETTINGS_SIZE];

    guard_settings(&job, &provider, first);
    job.name = "b";
    job.delivery.burst = 7;
    guard_settings(&job, &provider, second);
    assert_string_equal(first, second);
    job.provider.version = ""; /* which is not the same as none */
    guard_settings(&job, &provider, second);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_trips_when_it_should_and_no_sooner),
        cmocka_unit_test(the_share_counts_from_a_hundred_answers_on),
        cmocka_unit_test(a_share_as_high_as_allowed_goes_on),
        cmocka_unit_test(a_night_with_one_in_a_hundred_refused_goes_on),
        cmocka_unit_test(any_setting_of_the_provider_makes_other_settings),
        cmocka_unit_test(nothing_else_of_the_job_makes_other_settings),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("guard", tests, job_text_setup, job_text_teardown);
}
