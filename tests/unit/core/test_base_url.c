#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base_url.h"
#include "core/loopback.h"

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
        {"https://", "no valid host"},
        {"https:///path", "no valid host"},
        {"https://:443", "no valid host"},
        {"https://h:", "no valid host"},
        {"https://h:0", "no valid host"},
        {"https://h:65536", "no valid host"},
        {"https://h:99999999999999999999", "no valid host"},
        {"https://h:80x", "no valid host"},
        {"https://[::1", "no valid host"},
        {"https://[::1]443", "no valid host"},
        {"https://[h]", "no valid host"},
        {"https://h!st", "no valid host"},
        {"http://127.1", "loopback"},
        {"http://127.0.0.1.5", "loopback"},
        {"http://127.example.com", "loopback"},
        {"https://me:opensesame@api.example.com", "user or a password"},
        {"http://127.0.0.1@api.example.com", "user or a password"},
        {"https://api.example.com?x=1", "query or a fragment"},
        {"https://api.example.com/#top", "query or a fragment"},
        {"https://api.example.com/a b", "cannot have"},
        {"https://api.example.com\\@evil.example", "cannot have"},
        {"https://api.example.com/\xc3\xa4", "cannot have"},
        {"https://api.example.com/../v2", "`..` segment"},
        {"https://api.example.com/a/./b", "`..` segment"},
        {"https://api.example.com/a//b", "`..` segment"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct base_url parts;
        const char *fault = base_url_parse(slice_from(examples[i].url), &parts);
        bool is_right = examples[i].want ? fault && strstr(fault, examples[i].want) : !fault;
        if (!is_right)
            fail_msg("%s: %s", examples[i].url, fault ? fault : "accepted");
        assert_int_equal(parts.host.len == 0, fault != NULL);
    }
}

static void a_base_url_has_an_origin_a_host_and_a_path(void **state)
{
    (void)state;
    static const struct {
        const char *url, *origin, *host, *path;
        bool is_http;
    } examples[] = {
        {"https://h", "https://h", "h", "", false},
        {"https://h/", "https://h", "h", "", false},
        {"https://h:8443/sandbox", "https://h:8443", "h", "/sandbox", false},
        {"https://h/sandbox//", "https://h", "h", "/sandbox", false},
        {"http://127.0.0.1:1/a/b/", "http://127.0.0.1:1", "127.0.0.1", "/a/b", true},
        {"http://[::1]:1/a", "http://[::1]:1", "[::1]", "/a", true},
        {"HTTP://localhost", "HTTP://localhost", "localhost", "", true},
        {"http://api.example.com", "", "", "", false},
        {"nonsense", "", "", "", false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct base_url parts;
        (void)base_url_parse(slice_from(examples[i].url), &parts);
        if (!slice_is(parts.origin, examples[i].origin) || !slice_is(parts.host, examples[i].host) ||
            !slice_is(parts.path, examples[i].path) || parts.is_http != examples[i].is_http)
            fail_msg("%s: %.*s %.*s %.*s", examples[i].url, (int)parts.origin.len, parts.origin.data,
                     (int)parts.host.len, parts.host.data, (int)parts.path.len, parts.path.data);
    }
}

static void loopback_is_localhost_and_its_addresses(void **state)
{
    (void)state;
    static const char *const loopback[] = {"localhost", "LocalHost", "127.0.0.1", "127.255.0.9", "[::1]"};
    static const char *const other[] = {"",      "localhost.",        "128.0.0.1",
                                        "127.1", "127.0.0.1.example", "[::ffff]",
                                        "::1",   "0x7f.0.0.1",        "10.0.0.127"};
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++)
        if (!loopback_is_host(slice_from(loopback[i])))
            fail_msg("%s is loopback", loopback[i]);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (loopback_is_host(slice_from(other[i])))
            fail_msg("%s is not loopback", other[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_base_url_is_https_or_loopback),
        cmocka_unit_test(a_base_url_has_an_origin_a_host_and_a_path),
        cmocka_unit_test(loopback_is_localhost_and_its_addresses),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("base_url", tests, NULL, NULL);
}
