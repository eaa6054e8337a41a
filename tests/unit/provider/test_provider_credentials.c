#include "unit/job/job_text.h"

#include "provider/provider_list.h"
#include "provider/provider_table.h"

#define WITH(name, text)                                                                                     \
    JOB_HEAD JOB_INPUT JOB_FIELDS "provider:\n  name: " name "\n  credentials: " text "\n"

static void a_name_that_no_provider_has_is_refused_without_secrets_too(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"a misspelt one", WITH("payward", "{api_kee: env:A, api_secret: env:B}"),
         "6:17: unknown key `api_kee` in `credentials`\nhint: did you mean `api_key`?"},
        {"in the second set", WITH("payward", "[{api_key: env:A}, {tokken: env:B}]"),
         "6:36: unknown key `tokken` in `credentials`\nhint: the names are api_key, api_secret"},
        {"like none", WITH("payso", "{zzzzzzzzzz: env:A}"),
         "6:17: unknown key `zzzzzzzzzz` in `credentials`\nhint: the names are token"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct job *job = job_text_load(cases[i].text);
        struct error error = {.scope = ERROR_NONE};
        if (provider_of_job(job, false, &error))
            fail_msg("%s: accepted", cases[i].sentence);
        const char *got = error.text + strlen(job_text_path) + 1;
        if (!job_text_matches(got, cases[i].want))
            fail_msg("%s\n  want %s\n  got  %s", cases[i].sentence, cases[i].want, got);
        job_free(job);
    }
}

/* A check needs no credentials at all. */
static void that_of_another_provider_is_refused_with_secrets_only(void **state)
{
    (void)state;
    struct error error;
    struct job *job = job_text_load(WITH("payward", "{token: env:A}"));
    assert_non_null(provider_of_job(job, false, &error));
    assert_null(provider_of_job(job, true, &error));
    assert_non_null(
        strstr(error.text, "6:16: payward has no credentials.token: it has api_key and api_secret"));
    job_free(job);
}

static void every_provider_can_be_identified_and_guessed(void **state)
{
    (void)state;
    for (const struct provider *const *provider = provider_list; *provider; provider++) {
        size_t locks = 0;
        for (const struct provider_credential *row = (*provider)->credentials; row->name; row++) {
            locks += row->locks;
            if (!row->example || !row->sent || !row->help)
                fail_msg("%s: %s", (*provider)->name, row->name);
        }
        if (locks == 0)
            fail_msg("%s: no credential identifies a key slot", (*provider)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_no_provider_has_is_refused_without_secrets_too),
        cmocka_unit_test(that_of_another_provider_is_refused_with_secrets_only),
        cmocka_unit_test(every_provider_can_be_identified_and_guessed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("provider_credentials", tests, job_text_setup, job_text_teardown);
}
