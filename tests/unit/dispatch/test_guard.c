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
        cmocka_unit_test(any_setting_of_the_provider_makes_other_settings),
        cmocka_unit_test(nothing_else_of_the_job_makes_other_settings),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("guard", tests, job_text_setup, job_text_teardown);
}
