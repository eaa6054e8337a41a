#include <sys/stat.h>

#include "unit/job/job_text.h"

static struct job_overrides with_set(const char **set)
{
    return (struct job_overrides){.sets = set, .set_count = 1};
}

static void a_set_changes_the_job_before_it_is_read(void **state)
{
    (void)state;
    const char *sets[] = {"delivery.rate=5/s",
                          "delivery.stop_after={refused_share: 3%}",
                          "fields.email=mail",
                          "input.path=other.csv",
                          "fields.language.value=de",
                          "rules=[{rule: min_age, years: 21}]",
                          "report=out"};
    struct job_overrides overrides = {.sets = sets, .set_count = sizeof sets / sizeof sets[0]};
    struct error error;
    struct job *job = job_text_load_with(JOB_WHOLE "delivery: {rate: 1/s, burst: 2}\n", &overrides, &error);
    if (!job)
        fail_msg("%s", error.text);
    assert_int_equal(job->delivery.rate.count, 5);
    assert_int_equal(job->delivery.burst, 2);
    assert_int_equal(job->delivery.refused_share, 3);
    assert_string_equal(job_mapping_of(job, FIELD_EMAIL)->columns->name, "mail");
    assert_int_equal(job_mapping_of(job, FIELD_EMAIL)->place.line, 0);
    assert_string_equal(job_mapping_of(job, FIELD_LANGUAGE)->constant, "de");
    assert_string_equal(job->input.paths[0], "/tmp/other.csv");
    assert_int_equal(job->rules[0].years, 21);
    assert_string_equal(job->report_folder, "/tmp/out");
    job_free(job);
}

static void a_bad_set_is_named_without_its_value(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *set, *want;
    } cases[] = {
        {"no value", "delivery.rate", "--set needs KEY=VALUE"},
        {"no key", "=5", "--set needs KEY=VALUE"},
        {"a misspelt key", "delivery.rat=5/s",
         "--set delivery.rat: unknown key `rat` in `delivery`\nhint: did you mean `rate`?"},
        {"a misspelt part", "delivry.rate=5/s",
         "--set delivry.rate: unknown key `delivry`\nhint: did you mean `delivery`?"},
        {"a bad value", "delivery.rate=fast", "--set delivery.rate: `fast` is not a rate"},
        {"a name missing", "delivery..rate=1/s", "--set delivery..rate: a name is missing"},
        {"below a value", "job.name=x", "--set job.name: `job` is a value in the job file"},
        {"no YAML", "job=\"x", "--set job: not YAML"},
        {"a control character", "job=x\x01", "--set job: this line holds the control character U+0001"},
        {"credentials", "provider.credentials.api_key=hunter2",
         "--set provider.credentials: credentials are not for the command line"},
        {"all credentials", "provider.credentials={token: hunter2}",
         "--set provider.credentials: credentials are not"},
        {"credentials in a whole provider", "provider={name: payward, credentials: {token: hunter2}}",
         "--set provider.credentials: credentials are not"},
        {"a member of a list", "provider.credentials[0].token=hunter2",
         "--set provider.credentials: credentials are not"},
        {"a literal ledger key", "ledger_key=hunter2", "--set ledger_key: `ledger_key` is not a reference"},
        {"a literal password", "ledger_password=hunter2",
         "--set ledger_password: `ledger_password` is not a reference"},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        const char *set = cases[index].set;
        struct job_overrides overrides = with_set(&set);
        const char *got = job_text_refuse_with(JOB_WHOLE, &overrides);
        if (!job_text_matches(got, cases[index].want) || strstr(got, "hunter2"))
            fail_msg("%s\n  want %s\n  got  %s", cases[index].sentence, cases[index].want, got);
    }
}

static void a_check_reports_beside_the_runs_of_its_job(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *more, *report;
        bool check;
        const char *folder, *run_report, *metrics;
    } examples[] = {
        {"a run", "report: here\nmetrics: m.prom\n", NULL, false, "/here", "/here", "/m.prom"},
        {"a check", "report: here\nmetrics: m.prom\n", NULL, true, "/here/check", "/here", NULL},
        {"a run that reports elsewhere", "report: here\n", "there", false, "there", "/here",
         "/metrics/nightly.prom"},
        {"a check that reports elsewhere", "report: here\n", "there", true, "there/check", "/here", NULL},
        {"a check of a job without a report", "", NULL, true, "/check", "", NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct job_overrides overrides = {.report = examples[i].report, .check = examples[i].check};
        struct error error;
        char text[2048];
        snprintf(text, sizeof text, "%s%s", JOB_WHOLE, examples[i].more);
        struct job *job = job_text_load_with(text, &overrides, &error);
        if (!job)
            fail_msg("%s: %s", examples[i].sentence, error.text);
        const struct {
            const char *got, *want;
        } ends[] = {
            {job->report_folder, examples[i].folder},
            {job->run_report, examples[i].run_report},
            {job->metrics_path ? job->metrics_path : "", examples[i].metrics ? examples[i].metrics : ""}};
        for (size_t end = 0; end < sizeof ends / sizeof *ends; end++) {
            size_t got = strlen(ends[end].got), want = strlen(ends[end].want);
            if (got < want || strcmp(ends[end].got + got - want, ends[end].want) != 0)
                fail_msg("%s: %s, not %s", examples[i].sentence, ends[end].got, ends[end].want);
        }
        job_free(job);
    }
}

static void input_and_report_are_relative_to_the_working_folder(void **state)
{
    (void)state;
    const char *inputs[] = {"here/x.csv", "y.csv"};
    struct job_overrides overrides = {.inputs = inputs, .input_count = 1, .report = "there"};
    struct error error;
    struct job *job = job_text_load_with(JOB_HEAD JOB_PROVIDER JOB_FIELDS, &overrides, &error);
    if (!job)
        fail_msg("%s", error.text);
    assert_string_equal(job->input.paths[0], "here/x.csv");
    assert_int_equal(job->input.place.line, 0);
    assert_string_equal(job->report_folder, "there");
    job_free(job);

    overrides.input_count = 2;
    job = job_text_load_with(JOB_WHOLE, &overrides, &error);
    assert_non_null(job);
    assert_int_equal(job->input.path_count, 2); /* and not the job's own */
    assert_string_equal(job->input.paths[1], "y.csv");
    job_free(job);
    overrides.input_count = 1;
    inputs[0] = "-";
    job = job_text_load_with(JOB_WHOLE, &overrides, &error);
    assert_non_null(job);
    assert_string_equal(job->input.paths[0], "-");
    job_free(job);
}

#define SECRETS(text) JOB_HEAD JOB_INPUT JOB_FIELDS "provider:\n  name: payward\n  credentials: " text "\n"

static void a_secret_is_a_reference_and_its_line_is_never_shown(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"a literal", SECRETS("{api_key: hunter2}"), "6:26: `api_key` is not a reference to a secret"},
        {"a literal in a list", SECRETS("[{api_key: env:A}, {api_secret: hunter2}]"),
         "6:48: `api_secret` is not a reference"},
        {"a reference to nothing", SECRETS("{api_key: 'env:'}"), "6:26: `api_key` is not a reference"},
        {"a misspelt key beside a literal", SECRETS("{api_kee: hunter2}"),
         "6:26: `api_kee` is not a reference to a secret"},
        {"a value for the mapping", SECRETS("hunter2"),
         "6:16: `credentials` should be a mapping, and is a value"},
        {"none", SECRETS("{}"), "6:16: `provider.credentials` is empty"},
        {"an empty list", SECRETS("[]"), "6:16: `credentials` should be a mapping"},
        {"a user in the base URL", JOB_HEAD "provider: {base_url: 'https://me:hunter2@h'}\n",
         "2:22: `base_url` must not hold a user or a password: credentials belong in provider.credentials"},
        {"a user in the proxy", JOB_HEAD "provider: {proxy: 'http://me:hunter2@h'}\n",
         "2:19: `proxy` may not hold a user or a password"},
        {"a password in the ledger's URL", JOB_HEAD "ledger: postgres://me:hunter2@h/d\n",
         "2:9: `ledger` must not hold a password"},
        {"a password in its parameters", JOB_HEAD "ledger: postgres://h/d?password=hunter2\n",
         "2:9: `ledger` must not hold a password"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++)
        if (strstr(job_text_refuse(cases[index].text), "hunter2"))
            fail_msg("%s: shown", cases[index].sentence);
}

static void secrets_are_loaded_only_when_asked_for(void **state)
{
    (void)state;
    static const char text[] = SECRETS(
        "[{api_key: env:KYC_TEST_KEY, api_secret: file:secret-KYC_TEST}, "
        "{token: env:KYC_TEST_KEY}]") "ledger: postgresql://u@h/d\nledger_key: env:KYC_TEST_LEDGER_KEY\nledger_password: env:KYC_TEST_KEY\n";
    struct job_overrides overrides = {.secrets = true};
    assert_int_equal(unsetenv("KYC_TEST_KEY"), 0);
    job_free(job_text_load(text));
    const char *refused = job_text_refuse_with(text, &overrides);
    assert_non_null(strstr(refused, "6:27: `api_key`: the environment variable KYC_TEST_KEY is not set"));

    assert_int_equal(setenv("KYC_TEST_KEY", "demo-key", 1), 0);
    assert_int_equal(setenv("KYC_TEST_LEDGER_KEY", "fifteen-letters", 1), 0);
    FILE *file = fopen("/tmp/secret-KYC_TEST", "w");
    assert_non_null(file);
    assert_int_equal(chmod("/tmp/secret-KYC_TEST", 0600), 0);
    assert_true(fputs("demo-secret\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    struct error error;
    refused = job_text_refuse_with(text, &overrides);
    assert_non_null(
        strstr(refused, "8:13: `ledger_key` has fewer than 16 bytes, so it could be found by trying\n"));
    assert_non_null(strstr(refused, "\nhint: make one with"));
    assert_null(strstr(refused, "fifteen"));
    assert_int_equal(setenv("KYC_TEST_LEDGER_KEY", "sixteen-letters-", 1), 0);
    struct job *job = job_text_load_with(text, &overrides, &error);
    assert_int_equal(unlink("/tmp/secret-KYC_TEST"), 0);
    if (!job)
        fail_msg("%s", error.text);
    assert_int_equal(job->provider.credential_count, 2);
    const struct job_credentials *sets = job->provider.credentials;
    assert_string_equal(job_credential(&sets[0], "api_key")->data, "demo-key");
    assert_string_equal(job_credential(&sets[0], "api_secret")->data, "demo-secret");
    assert_int_equal(job->provider.credentials[0].place.line, 6);
    assert_string_equal(job_credential(&sets[1], "token")->data, "demo-key");
    assert_null(job_credential(&sets[1], "api_key")->data);
    assert_string_equal(job->ledger_key.data, "sixteen-letters-");
    assert_string_equal(job->ledger_password.data, "demo-key");
    job_forget_secrets(job);
    assert_null(job_credential(&sets[0], "api_key")->data);
    assert_non_null(job->ledger_password.data); /* a ledger is opened again after the last request */
    assert_non_null(job->ledger_key.data);
    job_free(job);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct job_overrides overrides = {0};
    struct error error = {0};
    assert_null(job_load("/tmp/kyc-no-such-job.yaml", &overrides, &error));
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "/tmp/kyc-no-such-job.yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_changes_the_job_before_it_is_read),
        cmocka_unit_test(a_bad_set_is_named_without_its_value),
        cmocka_unit_test(a_check_reports_beside_the_runs_of_its_job),
        cmocka_unit_test(input_and_report_are_relative_to_the_working_folder),
        cmocka_unit_test(a_secret_is_a_reference_and_its_line_is_never_shown),
        cmocka_unit_test(secrets_are_loaded_only_when_asked_for),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("overrides", tests, job_text_setup, job_text_teardown);
}
