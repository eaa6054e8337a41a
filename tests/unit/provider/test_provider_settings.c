#include <inttypes.h>

#include "unit/job/job_text.h"

#include "core/clock.h"
#include "model/job_setting.h"
#include "provider/provider_list.h"
#include "provider/provider_table.h"

#define AT(name, text)                                                                                       \
    JOB_HEAD JOB_INPUT "provider: {name: " name ", credentials: {api_key: env:A_KEY}, " text "}"             \
                       "\n" JOB_FIELDS

static struct job *load_valid(const char *text)
{
    struct job *job = job_text_load(text);
    struct error error;
    if (!provider_of_job(job, false, &error))
        fail_msg("refused: %s", error.text);
    return job;
}

static void settings_of_each_provider_are_read(void **state)
{
    (void)state;
    struct job *job = load_valid(AT("payward", "concat_country: true, nonce_window: 10000000000"));
    assert_true(job_setting_flag(&job->provider, SETTING_CONCAT_COUNTRY));
    assert_int_equal(job_setting_number(&job->provider, SETTING_NONCE_WINDOW), 10000000000);
    job_free(job);

    job = load_valid(
        AT("kira", "documents: scans, version: 2026-05-01, version_header: X-V, idempotency_window: 12h"));
    const struct job_provider *provider = &job->provider;
    assert_string_equal(job_setting_text(provider, SETTING_DOCUMENTS), "/tmp/scans");
    assert_int_equal(job_setting_place(provider, SETTING_DOCUMENTS).line, 3);
    assert_string_equal(job_setting_text(provider, SETTING_VERSION), "2026-05-01");
    assert_string_equal(job_setting_text(provider, SETTING_VERSION_HEADER), "X-V");
    assert_int_equal(job_setting_number(provider, SETTING_IDEMPOTENCY_WINDOW), 12 * CLOCK_NS_PER_HOUR);
    job_free(job);

    job = load_valid(AT("payso", "settle_after: 90s, list_max: 2MiB, date_format: YYYY-MM-DD"));
    assert_int_equal(job_setting_number(&job->provider, SETTING_SETTLE_AFTER), 90 * CLOCK_NS_PER_S);
    assert_int_equal(job_setting_number(&job->provider, SETTING_LIST_MAX), 2 << 20);
    assert_int_equal(job_setting_number(&job->provider, SETTING_DATE_FORMAT), JOB_DATE_ISO);
    job_free(job);
}

static void a_setting_that_is_not_written_has_its_default(void **state)
{
    (void)state;
    struct job *job = load_valid(AT("payward", "keep: [a]"));
    assert_false(job_setting_flag(&job->provider, SETTING_CONCAT_COUNTRY));
    assert_int_equal(job_setting_number(&job->provider, SETTING_NONCE_WINDOW), 0);
    assert_int_equal(job_setting_number(&job->provider, SETTING_NONCE_FLOOR), 0);
    assert_null(job_setting_text(&job->provider, SETTING_VERSION));
    job_free(job);

    job = load_valid(AT("kira", "keep: [a]"));
    assert_null(job_setting_text(&job->provider, SETTING_DOCUMENTS));
    assert_int_equal(job_setting_place(&job->provider, SETTING_DOCUMENTS).line, 0);
    assert_string_equal(job_setting_text(&job->provider, SETTING_VERSION), "2026-04-14");
    assert_string_equal(job_setting_text(&job->provider, SETTING_VERSION_HEADER), "X-Api-Version");
    assert_int_equal(job_setting_number(&job->provider, SETTING_IDEMPOTENCY_WINDOW), 24 * CLOCK_NS_PER_HOUR);
    job_free(job);

    job = load_valid(AT("payso", "keep: [a]"));
    assert_int_equal(job_setting_number(&job->provider, SETTING_SETTLE_AFTER), 60 * CLOCK_NS_PER_S);
    assert_int_equal(job_setting_number(&job->provider, SETTING_LIST_MAX), 1 << 30);
    assert_int_equal(job_setting_number(&job->provider, SETTING_DATE_FORMAT), JOB_DATE_DMY);
    job_free(job);
}

#define LONG_NAME "X-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct job_text_case refused[] = {
    {"of one other", AT("payward", "documents: d"),
     "3:62: `documents` is a setting of kraken-embed and kira, not of payward"},
    {"of two others", AT("payward", "version: d"),
     "3:62: `version` is a setting of kraken-embed and kira, not of payward"},
    {"before the name",
     JOB_HEAD JOB_INPUT JOB_FIELDS "provider: {nonce_window: 5, name: kira, credentials: {api_key: env:A}}\n",
     "4:12: `nonce_window` is a setting of payward and kraken-embed, not of kira"},
    {"of nobody", AT("payward", "documants: d"),
     "3:62: unknown key `documants` in `provider`\nhint: did you mean `documents`?"},
    {"a misspelt common one", AT("payward", "basse_url: d"),
     "3:62: unknown key `basse_url` in `provider`\nhint: did you mean `base_url`?"},
    {"like none", AT("payward", "zzzzzzzzzz: d"),
     "3:62: unknown key `zzzzzzzzzz` in `provider`\nhint: the names are name, base_url, credentials, ca_file, "
     "proxy, keep, nonce_window, nonce_floor, concat_country"},
    {"no number", AT("payward", "nonce_window: 5s"), "3:76: `5s` is not a whole number"},
    {"a number out of range", AT("payward", "nonce_floor: 9223372036854775808"),
     "3:75: `9223372036854775808` is out of range: `nonce_floor` may be from 0 to 9223372036854775807"},
    {"neither true nor false", AT("payward", "concat_country: yes"), "3:78: `yes` is neither true nor false"},
    {"a list", AT("payward", "concat_country: [true]"),
     "3:78: `concat_country` should be a value, and is a list"},
    {"a mapping", AT("payward", "nonce_floor: {a: b}"),
     "3:75: `nonce_floor` should be a value, and is a mapping"},
    {"nothing", AT("kira", "documents: ~"), "3:70: `documents` should be a value, and is nothing"},
    {"an empty text", AT("kira", "documents: ''"), "3:70: `documents` is empty"},
    {"a duration without a unit", AT("kira", "idempotency_window: 12"),
     "3:79: `12` is not a duration\nhint: write ms, s, m or h, as in `30s`"},
    {"a duration that is too long", AT("kira", "idempotency_window: 25h"),
     "3:79: `25h` is out of range: `idempotency_window` may be from 1h to 24h"},
    {"a duration that is too short", AT("kira", "idempotency_window: 59m"),
     "3:79: `59m` is out of range: `idempotency_window` may be from 60m to 1440m"},
    {"a size of another unit", AT("payso", "list_max: 1MB"),
     "3:70: `1MB` is not a size\nhint: write bytes, or KiB, MiB, GiB, as in `1MiB`"},
    {"a size of nothing", AT("payso", "list_max: 0"),
     "3:70: `0` is out of range: `list_max` may be from 1 to "},
    {"another way to write days", AT("payso", "date_format: MM/DD/YYYY"),
     "3:73: `MM/DD/YYYY` is not a value of `date_format`\nhint: the names are DD/MM/YYYY"},
    {"a word like none", AT("payso", "date_format: x"),
     "3:73: `x` is not a value of `date_format`\nhint: the names are DD/MM/YYYY, YYYY-MM-DD"},
    {"not the name of a header", AT("kira", "version_header: X V"),
     "3:75: provider.version_header is not the name of a header: letters, digits and hyphens, at most 48"},
    {"a name that is too long", AT("kira", "version_header: " LONG_NAME), "3:75: provider.version_header is"},
    {"a header that is carried already", AT("kraken-embed", "version_header: api-sign"),
     "3:83: provider.version_header may not be api-sign: the requests carry that already"},
    {"a version with a blank", AT("kira", "version: 1 2"),
     "3:68: provider.version is not a version: 1 to 64 characters without blanks"},
    {"no provider", JOB_HEAD JOB_INPUT JOB_FIELDS "provider: {credentials: {api_key: env:A}}\n",
     "4:1: `provider.name` is missing\nhint: one of payward, kraken-embed, kira, payso"},
    {"a misspelt name",
     JOB_HEAD JOB_INPUT JOB_FIELDS "provider: {nmae: kira, credentials: {api_key: env:A}}\n",
     "4:12: unknown key `nmae` in `provider`\nhint: did you mean `name`?"},
};

static void a_setting_that_the_provider_cannot_have_is_refused_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct job *job = job_text_load(refused[i].text);
        struct error error = {.scope = ERROR_NONE};
        if (provider_of_job(job, false, &error))
            fail_msg("%s: accepted", refused[i].sentence);
        assert_int_equal(error.scope, ERROR_USAGE);
        const char *got = error.text + strlen(job_text_path) + 1;
        if (!job_text_matches(got, refused[i].want))
            fail_msg("%s\n  want %s\n  got  %s", refused[i].sentence, refused[i].want, got);
        job_free(job);
    }
}

static void a_hint_lists_no_setting_that_the_provider_would_refuse(void **state)
{
    (void)state;
    struct job *job = job_text_load(AT("payso", "zzzzzzzzzz: d"));
    struct error error = {.scope = ERROR_NONE};
    assert_null(provider_of_job(job, false, &error));
    const char *hint = strstr(error.text, "hint: ");
    assert_non_null(hint);
    assert_string_equal(hint, "hint: the names are name, base_url, credentials, ca_file, proxy, keep, "
                              "settle_after, list_max, date_format, link_valid, nationality");
    job_free(job);
}

static void a_setting_of_the_command_line_is_named_as_there(void **state)
{
    (void)state;
    const char *sets[] = {"provider.settle_after=3x"};
    const struct job_overrides overrides = {.sets = sets, .set_count = 1};
    struct error error;
    struct job *job = job_text_load_with(AT("payso", "settle_after: 1s"), &overrides, &error);
    assert_non_null(job);
    assert_null(provider_of_job(job, false, &error));
    assert_string_equal(error.text,
                        "--set provider.settle_after: `3x` is not a duration\nhint: write ms, s, m "
                        "or h, as in `30s`");
    job_free(job);
}

/* Two values of a kind that are no default. */
static const struct {
    const char *first, *second;
} samples[] = {
    [PROVIDER_SETTING_TEXT] = {"A-1", "A-2"},   [PROVIDER_SETTING_PATH] = {"a", "b"},
    [PROVIDER_SETTING_BOOL] = {"true", "true"}, [PROVIDER_SETTING_NUMBER] = {"1", "2"},
    [PROVIDER_SETTING_DURATION] = {NULL, NULL}, [PROVIDER_SETTING_SIZE] = {"1MiB", "2MiB"},
    [PROVIDER_SETTING_WORD] = {NULL, NULL},
};

static void digest_of(const char *provider, const char *setting, const char *value,
                      char hex[PROVIDER_SETTINGS_DIGEST_SIZE])
{
    char text[512];
    snprintf(text, sizeof text,
             JOB_HEAD JOB_INPUT
             "provider: {name: %s, %s%s%s%s credentials: {api_key: env:A_KEY}}\n" JOB_FIELDS,
             provider, setting, value ? ": " : "", value ? value : "", value ? "," : "");
    struct job *job = job_text_load(text);
    struct error error;
    if (!provider_settings_digest(job, provider_find(provider), hex) ||
        provider_settings_read(job, provider_find(provider), &error) != 0)
        fail_msg("%s", error.text);
    provider_settings_digest(job, provider_find(provider), hex);
    job_free(job);
}

static void assert_in_digest(const char *provider, const char *setting, const char *first, const char *second)
{
    char none[PROVIDER_SETTINGS_DIGEST_SIZE], one[PROVIDER_SETTINGS_DIGEST_SIZE],
        two[PROVIDER_SETTINGS_DIGEST_SIZE];
    digest_of(provider, "", NULL, none);
    digest_of(provider, setting, first, one);
    digest_of(provider, setting, second, two);
    if (strcmp(none, one) == 0 || strcmp(none, two) == 0 ||
        (strcmp(first, second) != 0 && strcmp(one, two) == 0))
        fail_msg("`%s` of %s is not in the digest", setting, provider);
}

static void every_setting_of_every_provider_is_in_the_digest(void **state)
{
    (void)state;
    for (const struct provider *const *provider = provider_list; *provider; provider++) {
        const char *name = (*provider)->name;
        for (const struct provider_setting *row = (*provider)->settings; row->name; row++) {
            const char *first = samples[row->kind].first, *second = samples[row->kind].second;
            for (size_t i = 0; row->kind == PROVIDER_SETTING_WORD && row->words[i]; i++)
                if (strcmp(row->words[i], row->standard) != 0)
                    first = second = row->words[i];
            char half[32], third[32]; /* of the maximum */
            if (row->kind == PROVIDER_SETTING_DURATION) {
                snprintf(half, sizeof half, "%" PRIu64 "ms", row->max / 2 / CLOCK_NS_PER_MS);
                snprintf(third, sizeof third, "%" PRIu64 "ms", row->max / 3 / CLOCK_NS_PER_MS);
                first = half;
                second = third;
            }
            assert_in_digest(name, row->name, first, second);
            if (!row->help || !row->example)
                fail_msg("`%s` of %s has no help, or no example", row->name, name);
            else
                assert_in_digest(name, row->name, row->example, row->example);
        }
        assert_in_digest(name, "base_url", "https://a.example.com", "https://b.example.com");
        assert_in_digest(name, "ca_file", "a.pem", "b.pem");
        assert_in_digest(name, "proxy", "http://a.example.com", "http://b.example.com");
        assert_in_digest(name, "keep", "[accounts]", "[accounts, status]");
    }
}

/* Of new credentials the provider asks nothing new. */
static void a_digest_is_of_the_value_and_of_nothing_else(void **state)
{
    (void)state;
    char first[PROVIDER_SETTINGS_DIGEST_SIZE], second[PROVIDER_SETTINGS_DIGEST_SIZE];
    digest_of("payso", "settle_after", "60s", first);
    digest_of("payso", "settle_after", "1m", second);
    assert_string_equal(first, second);
    digest_of("payso", "", NULL, second);
    assert_string_equal(first, second);
    digest_of("kira", "", NULL, second);
    assert_string_not_equal(first, second);

    static const struct provider provider = {.name = "payward", .base_url = "https://a.example.com"};
    struct job job = {.name = "a"};
    provider_settings_digest(&job, &provider, first);
    job.name = "b";
    job.delivery.burst = 7;
    provider_settings_digest(&job, &provider, second);
    assert_string_equal(first, second);
    struct job_setting_value value = {.name = SETTING_DOCUMENTS};
    job.provider.values = &value;
    job.provider.value_count = 1;
    provider_settings_digest(&job, &provider, first);
    value.text = ""; /* which is not the same as none */
    provider_settings_digest(&job, &provider, second);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_of_each_provider_are_read),
        cmocka_unit_test(a_setting_that_is_not_written_has_its_default),
        cmocka_unit_test(a_setting_that_the_provider_cannot_have_is_refused_at_its_place),
        cmocka_unit_test(a_hint_lists_no_setting_that_the_provider_would_refuse),
        cmocka_unit_test(a_setting_of_the_command_line_is_named_as_there),
        cmocka_unit_test(every_setting_of_every_provider_is_in_the_digest),
        cmocka_unit_test(a_digest_is_of_the_value_and_of_nothing_else),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("provider_settings", tests, job_text_setup, job_text_teardown);
}
