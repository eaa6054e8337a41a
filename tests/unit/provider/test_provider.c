#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provider/provider.h"
#include "provider/provider_table.h"

static const struct provider *check(const char *name, const char *base_url, const char *ca_file,
                                    struct error *error)
{
    static struct job job;
    job = (struct job){
        .path = "job.yaml",
        .text = SLICE_LITERAL("base_url: https://me:opensesame@h\n"),
        .provider = {.name = name, .base_url = base_url, .base_url_place = {1, 1}, .ca_file = ca_file},
    };
    *error = (struct error){.scope = ERROR_NONE};
    const struct provider *provider = provider_of_job(&job, false, error);
    arena_clear(&job.arena);
    return provider;
}

static void a_provider_is_found_by_its_name(void **state)
{
    (void)state;
    const char *const *names = provider_names();
    size_t count = 0;
    for (; names[count]; count++)
        assert_string_equal(provider_find(names[count])->name, names[count]);
    assert_true(count >= 1);
    assert_null(provider_find("Payward"));
    assert_null(provider_find(""));
}

static void an_unknown_name_is_an_error_that_names_the_nearest(void **state)
{
    (void)state;
    struct error error;
    assert_null(check("paywrad", NULL, NULL, &error));
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "did you mean `payward`?"));
    assert_null(check("something-else", NULL, NULL, &error));
    assert_non_null(strstr(error.text, "hint: one of payward"));
    assert_non_null(check("payward", NULL, NULL, &error));
}

static void a_base_url_has_no_trailing_slash(void **state)
{
    (void)state;
    static const struct {
        const char *url, *base;
    } examples[] = {
        {NULL, "https://api.services.payward.com"},
        {"https://h/", "https://h"},
        {"https://h/sandbox//", "https://h/sandbox"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct job job = {.provider = {.base_url = examples[i].url}};
        assert_true(slice_is(provider_base_url(provider_find("payward"), &job), examples[i].base));
    }
}

static void a_ca_file_must_be_a_readable_file(void **state)
{
    (void)state;
    struct error error;
    assert_null(check("payward", NULL, "/nonexistent/ca.pem", &error));
    assert_non_null(strstr(error.text, "/nonexistent/ca.pem"));
    assert_null(check("payward", NULL, "/", &error));

    char path[] = "/tmp/test-provider-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_null(check("payward", NULL, path, &error));
    assert_int_equal(write(fd, "x", 1), 1);
    assert_non_null(check("payward", NULL, path, &error));
    close(fd);
    unlink(path);
}

static void a_word_of_the_provider_is_one_of_five_states(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *word, *want;
    } rows[] = {
        {"kira", "unverified", "pending"},
        {"kira", "started", "pending"},
        {"kira", "in_review", "pending"},
        {"kira", "needs_action", "action_needed"},
        {"kira", "verified", "verified"},
        {"kira", "rejected", "rejected"},
        {"kira", "REJECTED", "rejected"},
        {"kraken-embed", "ok", "verified"},
        {"kraken-embed", "verification", "action_needed"},
        {"kraken-embed", "closed", "rejected"},
        {"payward", "disabled", "action_needed"},
        {"payso", "not_started", "pending"},
        {"payso", "approved", "verified"},
        {"payso", "verified", "pending"}, /* a word of another provider */
        {"kira", "Verified", "pending"},
        {"kira", "", "unknown"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum verification got =
            provider_verification(provider_find(rows[i].provider), slice_from(rows[i].word));
        if (strcmp(verification_word(got), rows[i].want) != 0)
            fail_msg("%s: `%s` is %s, not %s", rows[i].provider, rows[i].word, verification_word(got),
                     rows[i].want);
    }
}

/* One look-up finds a word without its member. */
static void no_provider_has_a_word_twice(void **state)
{
    (void)state;
    for (const char *const *name = provider_names(); *name; name++) {
        const struct provider *provider = provider_find(*name);
        for (const struct provider_word *row = provider->verification_words; row->member; row++)
            if (provider_verification(provider, slice_from(row->word)) != row->verification)
                fail_msg("%s: `%s` has two rows", *name, row->word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_is_found_by_its_name),
        cmocka_unit_test(an_unknown_name_is_an_error_that_names_the_nearest),
        cmocka_unit_test(a_base_url_has_no_trailing_slash),
        cmocka_unit_test(a_ca_file_must_be_a_readable_file),
        cmocka_unit_test(a_word_of_the_provider_is_one_of_five_states),
        cmocka_unit_test(no_provider_has_a_word_twice),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
