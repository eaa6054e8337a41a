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
    return provider_of_job(&job, false, error);
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
    assert_non_null(strstr(error.text, "known: payward"));
    assert_non_null(check("payward", NULL, NULL, &error));
}

static void a_base_url_is_https_or_loopback(void **state)
{
    (void)state;
    static const struct {
        const char *url, *want;
    } examples[] = {
        {"https://api.services.payward.com", NULL},
        {"https://api.example.com/", NULL},
        {"https://api.example.com:8443/sandbox", NULL},
        {"HTTPS://api.example.com", NULL},
        {"http://127.0.0.1:8780/payward", NULL},
        {"http://127.9.9.9", NULL},
        {"http://[::1]:8780", NULL},
        {"http://localhost:8780/payward/", NULL},
        {"http://LOCALHOST", NULL},
        {"http://api.example.com", "loopback"},
        {"http://128.0.0.1", "loopback"},
        {"http://127.0.0.1.example.com", "loopback"},
        {"http://localhost.example.com", "loopback"},
        {"http://[::2]", "loopback"},
        {"http://10.0.0.1", "loopback"},
        {"http://0x7f.1", "loopback"},
        {"ftp://127.0.0.1", "must begin with https://"},
        {"api.example.com", "must begin with https://"},
        {"", "must begin with https://"},
        {"https://", "must begin with https://"},
        {"https:///path", "no valid host"},
        {"https://:443", "no valid host"},
        {"https://h:", "no valid host"},
        {"https://h:0", "no valid host"},
        {"https://h:65536", "no valid host"},
        {"https://h:99999999999999999999", "no valid host"},
        {"https://h:80x", "no valid host"},
        {"https://[::1", "no valid host"},
        {"https://me:opensesame@api.example.com", "user or a password"},
        {"http://127.0.0.1@api.example.com", "user or a password"},
        {"https://api.example.com?x=1", "query or a fragment"},
        {"https://api.example.com/#top", "query or a fragment"},
        {"https://api.example.com/a b", "no place in a URL"},
        {"https://api.example.com\\@evil.example", "no place in a URL"},
        {"https://api.example.com/\xc3\xa4", "no place in a URL"},
        {"https://api.example.com/../v2", "`..` segment"},
        {"https://api.example.com/a/./b", "`..` segment"},
        {"https://api.example.com/a//b", "`..` segment"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct error error;
        const struct provider *provider = check("payward", examples[i].url, NULL, &error);
        if (examples[i].want ? provider || !strstr(error.text, examples[i].want) : !provider)
            fail_msg("%s: %s", examples[i].url, provider ? "taken" : error.text);
        if (!provider) {
            assert_int_equal(error.scope, ERROR_USAGE);
            if (strchr(examples[i].url, '@'))
                assert_null(strstr(error.text, "opensesame"));
        }
    }
}

static void a_base_url_keeps_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *url, *base, *path;
    } examples[] = {
        {NULL, "https://api.services.payward.com", ""},
        {"https://h", "https://h", ""},
        {"https://h/", "https://h", ""},
        {"https://h/sandbox", "https://h/sandbox", "/sandbox"},
        {"https://h/sandbox//", "https://h/sandbox", "/sandbox"},
        {"http://127.0.0.1:1/a/b/", "http://127.0.0.1:1/a/b", "/a/b"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct job job = {.provider = {.base_url = examples[i].url}};
        struct slice base = provider_base_url(provider_find("payward"), &job);
        assert_true(slice_is(base, examples[i].base));
        assert_true(slice_is(provider_base_path(base), examples[i].path));
    }
    assert_int_equal(provider_base_path(slice_from("nonsense")).len, 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_is_found_by_its_name),
        cmocka_unit_test(an_unknown_name_is_an_error_that_names_the_nearest),
        cmocka_unit_test(a_base_url_is_https_or_loopback),
        cmocka_unit_test(a_base_url_keeps_its_path),
        cmocka_unit_test(a_ca_file_must_be_a_readable_file),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
