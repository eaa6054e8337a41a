#include "core/url_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_host_is_a_name_or_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool is_name, is_ipv6;
    } examples[] = {
        {"db", true, false},         {"DB-1.example.com", true, false},
        {"192.0.2.1", true, false},  {"a~b", true, false},
        {"", false, false},          {"a b", false, false},
        {"a/b", false, false},       {"a:1", false, false},
        {"[::1]", false, true},      {"[2001:db8::1]", false, true},
        {"[]", false, false},        {"[::1", false, false},
        {"::1", false, false},       {"[db]", false, false},
        {"[1.2.3.4]", false, false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct slice host = slice_from(examples[i].host);
        if (url_host_is_name(host) != examples[i].is_name || url_host_is_ipv6(host) != examples[i].is_ipv6)
            fail_msg("%s", examples[i].host);
    }
}

static void a_name_has_at_most_253_bytes(void **state)
{
    (void)state;
    char name[254];
    memset(name, 'a', sizeof name);
    assert_true(url_host_is_name(slice_make(name, 253)));
    assert_false(url_host_is_name(slice_make(name, 254)));
    assert_false(url_host_is_name(slice_make("a\0b", 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_a_name_or_an_address),
        cmocka_unit_test(a_name_has_at_most_253_bytes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("core/url_host", tests, NULL, NULL);
}
