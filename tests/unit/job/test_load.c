#include "unit/job/job_text.h"

/* A job with most settings. */
static const char example[] = "job: payward-nightly\n"
                              "input:\n"
                              "  path: ../samples/customers.csv.gz\n"
                              "  format: csv\n"
                              "  encoding: latin1\n"
                              "  csv: {delimiter: tab, quote: \"'\"}\n"
                              "  null_values: [\"\", NULL, 'N/A']\n"
                              "  max_record: 64KiB\n"
                              "  min_records: 100\n"
                              "provider:\n"
                              "  name: payward\n"
                              "  base_url: https://api.services.payward.com\n"
                              "  credentials: {api_key: env:PWS_API_KEY, api_secret: env:PWS_API_SECRET}\n"
                              "  nonce_window: 10000000000\n"
                              "  ca_file: tls/ca.pem\n"
                              "fields:\n"
                              "  external_id: customer_id\n"
                              "  phone: {column: mobile}\n"
                              "  language: {value: en}\n"
                              "delivery:\n"
                              "  rate: 300/min\n"
                              "  burst: 7\n"
                              "  in_flight: 8\n"
                              "  attempts: 3\n"
                              "  timeout: 500ms\n"
                              "  retry_for: 2h\n"
                              "  canary: 0\n"
                              "  stop_after: {refused_in_a_row: 9, refused_share: 30%, updated_share: 5%}\n"
                              "  on_change: ignore\n"
                              "  in_doubt: hold\n"
                              "ledger: sqlite:other.ledger\n"
                              "report: /var/reports\n"
                              "report_keep: 30\n"
                              "metrics: m/x.prom\n";

static void a_whole_job_is_read(void **state)
{
    (void)state;
    struct job *job = job_text_load(example);
    const struct job_input *input = &job->input;
    assert_string_equal(job->name, "payward-nightly");
    assert_int_equal(input->path_count, 1);
    assert_string_equal(input->paths[0], "/tmp/../samples/customers.csv.gz");
    assert_int_equal(input->place.line, 3);
    assert_int_equal(input->encoding.kind, ENCODING_LATIN1);
    assert_int_equal(input->delimiter, '\t');
    assert_int_equal(input->quote, '\'');
    assert_int_equal(input->null_count, 3);
    assert_true(slice_is(input->null_values[0], ""));
    assert_true(slice_is(input->null_values[1], "NULL"));
    assert_int_equal(input->max_record, 65536);
    assert_int_equal(input->min_records, 100);
    assert_string_equal(job->provider.name, "payward");
    assert_string_equal(job->provider.base_url, "https://api.services.payward.com");
    assert_int_equal(job->provider.setting_count, 1);
    assert_string_equal(job->provider.settings[0].name, "nonce_window");
    assert_string_equal(job->provider.settings[0].text, "10000000000");
    assert_string_equal(job->provider.ca_file, "/tmp/tls/ca.pem");
    assert_int_equal(job->provider.credential_count, 1);
    assert_int_equal(job->provider.credentials[0].count, 2);
    assert_string_equal(job->provider.credentials[0].items[0].name, "api_key");
    assert_null(job->provider.credentials[0].items[0].secret.data);
    const struct job_delivery *delivery = &job->delivery;
    assert_int_equal(delivery->rate.count, 300);
    assert_int_equal(delivery->rate.per_ns, 60000000000);
    assert_int_equal(delivery->burst, 7);
    assert_int_equal(delivery->in_flight, 8);
    assert_int_equal(delivery->attempts, 3);
    assert_int_equal(delivery->timeout_ns, 500000000);
    assert_int_equal(delivery->retry_for_ns, 7200000000000);
    assert_int_equal(delivery->canary, 0);
    assert_int_equal(delivery->refused_in_a_row, 9);
    assert_int_equal(delivery->refused_share, 30);
    assert_int_equal(delivery->updated_share, 5);
    assert_false(delivery->update);
    assert_false(delivery->settle);
    assert_string_equal(job->ledger_path, "/tmp/other.ledger");
    assert_string_equal(job->report_folder, "/var/reports");
    assert_int_equal(job->report_keep, 30);
    assert_string_equal(job->metrics_path, "/tmp/m/x.prom");
    assert_string_equal(job->refresh_metrics_path, "/tmp/m/x.refresh.prom");
    job_free(job);
}

static void the_shortest_job_has_the_defaults_of_the_specification(void **state)
{
    (void)state;
    struct job *job = job_text_load(JOB_WHOLE);
    assert_string_equal(job->input.paths[0], "/tmp/in.csv");
    assert_int_equal(job->input.format, JOB_FORMAT_CSV);
    assert_int_equal(job->input.encoding.kind, ENCODING_UTF8);
    assert_int_equal(job->input.delimiter, ',');
    assert_int_equal(job->input.quote, '"');
    assert_int_equal(job->input.null_count, 1);
    assert_int_equal(job->input.null_values[0].len, 0);
    assert_int_equal(job->input.max_record, 1 << 20);
    assert_int_equal(job->input.min_records, 1);
    assert_null(job->provider.base_url);
    assert_int_equal(job->provider.setting_count, 0);
    assert_int_equal(job->delivery.rate.per_ns, 0);
    assert_int_equal(job->delivery.burst, 5);
    assert_int_equal(job->delivery.in_flight, 0);
    assert_int_equal(job->delivery.attempts, 6);
    assert_int_equal(job->delivery.timeout_ns, 30000000000);
    assert_int_equal(job->delivery.retry_for_ns, 600000000000);
    assert_int_equal(job->delivery.canary, 10);
    assert_int_equal(job->delivery.refused_in_a_row, 25);
    assert_int_equal(job->delivery.refused_share, 20);
    assert_int_equal(job->delivery.updated_share, 10);
    assert_true(job->delivery.update);
    assert_true(job->delivery.settle);
    assert_string_equal(job->ledger_path, "/tmp/nightly.ledger");
    assert_string_equal(job->report_folder, "/tmp/reports/nightly");
    assert_int_equal(job->report_keep, 14);
    assert_string_equal(job->metrics_path, "/tmp/metrics/nightly.prom");
    assert_string_equal(job->refresh_metrics_path, "/tmp/metrics/nightly.refresh.prom");
    assert_null(job->ledger_key.data);
    assert_int_equal(job->unique_count, 1);
    assert_int_equal(job->rule_count, 0);
    job_free(job);
}

static void an_error_is_reported_at_its_place(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"a misspelt part", JOB_HEAD "feilds: {}\n",
         "2:1: unknown key `feilds`\n    feilds: {}\n    ^\nhint: did you mean `fields`?"},
        {"a misspelt key", JOB_WHOLE "delivery: {brust: 3}\n",
         "5:12: unknown key `brust` in `delivery`\n    delivery: {brust: 3}\n               ^\nhint: did you mean `burst`?"},
        {"a key that is like no other", JOB_WHOLE "delivery: {qwertyuiop: 3}\n",
         "5:12: unknown key `qwertyuiop` in `delivery`\nhint: the names are rate, burst,"},
        {"a misspelt key in csv", JOB_HEAD "input: {csv: {delimeter: ','}}\n",
         "2:15: unknown key `delimeter` in `csv`\nhint: did you mean `delimiter`?"},
        {"a misspelt word", JOB_WHOLE "delivery: {on_change: updat}\n",
         "5:23: `updat` is not a value of `on_change`\nhint: did you mean `update`?"},
        {"a list for a mapping", JOB_WHOLE "delivery: [1]\n",
         "5:11: `delivery` should be a mapping, and is a list"},
        {"nothing for a value", JOB_WHOLE "delivery: {burst: }\n", "5:"},
        {"a mapping for a value", JOB_WHOLE "report: {a: b}\n",
         "5:9: `report` should be a value, and is a mapping"},
        {"an empty value", JOB_WHOLE "report: ''\n", "5:9: `report` is empty"},
        {"a value for a list", JOB_HEAD "input: {path: a, null_values: x}\n",
         "2:31: `null_values` should be a list, and is a value"},
        {"a list as the file", "[1]\n", "1:1: a job file is a mapping"},
        {"an empty file", "", " a job file is a mapping"},
        {"a missing part", JOB_HEAD JOB_INPUT JOB_FIELDS, "1:1: `provider` is missing"},
        {"a missing path", JOB_HEAD "input: {format: csv}\n" JOB_PROVIDER JOB_FIELDS,
         "2:1: `input.path` is missing"},
        {"a bad name", "job: Nightly\n", "1:6: `Nightly` is not a name for a job"},
        {"a name with a slash", "job: a/b\n", "1:6: `a/b` is not a name for a job"},
        {"a key twice", JOB_HEAD JOB_HEAD,
         "2:1: `job` is given twice, first in line 1\n    job: nightly\n    ^"},
        {"no YAML", "job: \"x\n",
         "1:7: not YAML: double-quoted scalar without closing quote\n    job: \"x\n          ^"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

static void numbers_have_their_units_and_ranges(void **state)
{
    (void)state;
#define DELIVERY(text) JOB_WHOLE "delivery: {" text "}\n"
    static const struct job_text_case cases[] = {
        {"a rate without a unit", DELIVERY("rate: 20"),
         "5:18: `20` is not a rate\nhint: write /s, /min or /h"},
        {"a rate of another unit", DELIVERY("rate: 20/d"), "5:18: `20/d` is not a rate"},
        {"a rate of nothing", DELIVERY("rate: 0/s"), "5:18: `0/s` is out of range: `rate` may be from 1/s"},
        {"a negative number", DELIVERY("burst: -1"), "5:19: `-1` is not a whole number"},
        {"a fraction", DELIVERY("burst: 1.5"), "5:19: `1.5` is not a whole number"},
        {"a number over 64 bits", DELIVERY("burst: 18446744073709551616"),
         "5:19: `18446744073709551616` is not a whole number"},
        {"a number over 32 bits", DELIVERY("burst: 4294967297"),
         "5:19: `4294967297` is out of range: `burst` may be from 1 to 1000000"},
        {"a duration without a unit", DELIVERY("timeout: 30"), "5:21: `30` is not a duration"},
        {"a duration of nothing", DELIVERY("timeout: 0s"), "5:21: `0s` is out of range"},
        {"a duration with a blank", DELIVERY("timeout: 30 s"), "5:21: `30 s` is not a duration"},
        {"a product over 64 bits", DELIVERY("retry_for: 10000000000000h"),
         "5:23: `10000000000000h` is out of range"},
        {"a share without a sign", DELIVERY("stop_after: {refused_share: 20}"), "5:40: `20` is not a share"},
        {"more than all", DELIVERY("stop_after: {refused_share: 101%}"),
         "5:40: `101%` is out of range: `refused_share` may be from 0% to 100%"},
        {"a size of another unit", JOB_HEAD "input: {max_record: 1MB}\n", "2:21: `1MB` is not a size"},
        {"a size of nothing", JOB_HEAD "input: {max_record: 0}\n", "2:21: `0` is out of range"},
        {"a letter as delimiter", JOB_HEAD "input: {csv: {delimiter: x}}\n",
         "2:26: `x` cannot be the `delimiter`"},
        {"two characters as quote", JOB_HEAD "input: {csv: {quote: '||'}}\n",
         "2:22: `||` cannot be the `quote`"},
        {"one character for both", JOB_HEAD "input: {csv: {quote: ','}}\n",
         "2:14: `delimiter` and `quote` cannot be the same"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

static void a_ledger_in_a_database_is_its_url(void **state)
{
    (void)state;
    struct job *job = job_text_load(JOB_WHOLE "ledger: postgresql://u@h:5433/d?connect_timeout=3\n"
                                              "ledger_key: env:A\nledger_password: env:A\n");
    assert_string_equal(job->ledger_path, "postgresql://u@h:5433/d?connect_timeout=3");
    assert_int_equal(job->ledger_place.line, 5);
    assert_int_equal(job->ledger_place.column, 9);
    job_free(job);
    /* A job that is being moved, and one whose backup is tried in a file, have both. */
    job = job_text_load(JOB_WHOLE "ledger: sqlite:x.ledger\nledger_password: env:A\n");
    assert_non_null(strstr(job->ledger_path, "x.ledger"));
    job_free(job);
}

static void a_ledger_in_a_database_needs_a_whole_url_and_a_key(void **state)
{
    (void)state;
#define LONG_NAME "job: a12345678901234567890123456789012345678901234567890123456789\n" /* 60 characters */
    static const struct job_text_case cases[] = {
        {"a password", JOB_HEAD "ledger: postgresql://u:pw-x@h/d\n",
         "2:9: `ledger` must not hold a password: set ledger_password"},
        {"no database", JOB_HEAD "ledger: postgresql://u@h\n", "2:9: `ledger` names no database"},
        {"no host", JOB_HEAD "ledger: postgres:///d\n", "2:9: `ledger` names no host"},
        {"a check that is turned off", JOB_HEAD "ledger: postgresql://h/d?sslmode=disable\n",
         "2:9: `ledger` has an unknown parameter"},
        {"no key", JOB_WHOLE "ledger: postgresql://u@h/d\n",
         "5:9: a ledger in PostgreSQL needs `ledger_key`"},
        {"a password, and no ledger", JOB_WHOLE "ledger_password: env:A\n",
         "5:1: `ledger_password` belongs to a ledger in PostgreSQL, and the job has no `ledger`"},
        {"a name that no schema can have",
         LONG_NAME JOB_INPUT JOB_PROVIDER JOB_FIELDS "ledger: postgresql://u@h/d\nledger_key: env:A\n",
         "1:6: `job` is too long for a ledger in PostgreSQL"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

static void the_common_settings_are_held_to_their_form(void **state)
{
    (void)state;
#define PROVIDER(text) JOB_HEAD "provider: {name: payward, " text "}\n"
    static const struct job_text_case cases[] = {
        {"keep without a list", PROVIDER("keep: accounts"), "2:33: "},
        {"keep of one name twice", PROVIDER("keep: [a, b, a]"), "2:40: `keep` names `a` twice"},
        {"keep of no name", PROVIDER("keep: ['']"), "2:34: `this value` is empty"},
        {"no credentials", JOB_HEAD "provider: {name: payward}\n", "2:1: `provider.credentials` is missing"},
        {"misspelt credentials",
         JOB_HEAD "provider: {name: payward, nonce_window: 5, credentails: {api_key: env:A}}\n",
         "2:44: unknown key `credentails` in `provider`\nhint: did you mean `credentials`?"},
        {"a list", JOB_HEAD "provider: [payward]\n", "2:11: `provider` should be a mapping, and is a list"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

/* Which of them a provider has is for its descriptor. */
static void other_settings_are_kept_as_they_are_written(void **state)
{
    (void)state;
    struct job *job =
        job_text_load(JOB_HEAD JOB_INPUT JOB_FIELDS
                      "provider: {name: paywrad, credentials: {token: env:A}, nonce_window: 3, a: [], b: {c: "
                      "d}, e: ~}\n");
    static const struct {
        const char *name;
        enum job_setting_form form;
        unsigned key_column, column;
    } want[] = {{"nonce_window", JOB_SETTING_TEXT, 56, 70},
                {"a", JOB_SETTING_LIST, 73, 76},
                {"b", JOB_SETTING_MAPPING, 80, 83},
                {"e", JOB_SETTING_NOTHING, 91, 94}};
    assert_string_equal(job->provider.name, "paywrad");
    assert_int_equal(job->provider.place.line, 4);
    assert_int_equal(job->provider.place.column, 18);
    assert_int_equal(job->provider.setting_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct job_setting *setting = &job->provider.settings[i];
        if (strcmp(setting->name, want[i].name) != 0 || setting->form != want[i].form ||
            setting->key_place.column != want[i].key_column || setting->place.column != want[i].column ||
            setting->place.line != 4)
            fail_msg("%s: %u, %u", setting->name, setting->key_place.column, setting->place.column);
    }
    assert_string_equal(job->provider.settings[0].text, "3");
    job_free(job);
}

static void http_is_for_loopback_only(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool good;
    } cases[] = {
        {"https://h.example.com", true},
        {"https://h.example.com:8443/sandbox", true},
        {"http://127.0.0.1:8780/payward", true},
        {"http://localhost/x", true},
        {"http://[::1]:80", true},
        {"http://h.example.com", false},
        {"http://127.0.0.1.example.com", false},
        {"http://127.example.com", false},
        {"http://localhost.example.com", false},
        {"https://", false},
        {"ftp://h", false},
        {"h.example.com", false},
        {"https://h/x?y=1", false},
        {"https://h/#x", false},
        {"http://localhost@h.example.com", false},
        {"http://10.0.0.1", false},
        {"http://127.1", false},
        {"http://127.0.0.1.5", false},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       JOB_HEAD JOB_INPUT JOB_FIELDS
                       "provider: {name: payward, credentials: {token: env:A}, base_url: '%s'}\n",
                       cases[index].url);
        struct job_overrides overrides = {0};
        struct error error;
        struct job *job = job_text_load_with(text, &overrides, &error);
        if (!job != !cases[index].good)
            fail_msg("%s: %s", cases[index].url, error.text);
        job_free(job);
    }
}

/* Wants the project's folder as the working one, as make has it. */
static void the_job_files_of_the_project_load(void **state)
{
    (void)state;
    static const char *const paths[] = {"jobs/payward.yaml", "jobs/demo.yaml", "tests/bench/bench.yaml"};
    for (size_t index = 0; index < sizeof paths / sizeof paths[0]; index++) {
        struct job_overrides overrides = {0};
        struct error error;
        struct job *job = job_load(paths[index], &overrides, &error);
        if (!job)
            fail_msg("%s", error.text);
        assert_true(job->mapping_count >= 14);
        job_free(job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_job_is_read),
        cmocka_unit_test(the_shortest_job_has_the_defaults_of_the_specification),
        cmocka_unit_test(an_error_is_reported_at_its_place),
        cmocka_unit_test(numbers_have_their_units_and_ranges),
        cmocka_unit_test(a_ledger_in_a_database_is_its_url),
        cmocka_unit_test(a_ledger_in_a_database_needs_a_whole_url_and_a_key),
        cmocka_unit_test(the_common_settings_are_held_to_their_form),
        cmocka_unit_test(other_settings_are_kept_as_they_are_written),
        cmocka_unit_test(http_is_for_loopback_only),
        cmocka_unit_test(the_job_files_of_the_project_load),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("load", tests, job_text_setup, job_text_teardown);
}
