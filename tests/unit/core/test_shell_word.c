#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/shell_word.h"

static void a_text_is_one_word(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"job.yaml", "job.yaml"},
        {"/var/lib/kyc-import/kira_2.yaml", "/var/lib/kyc-import/kira_2.yaml"},
        {"phone/format", "phone/format"},
        {"C:50%,a+b@c", "C:50%,a+b@c"},
        {"", "''"},
        {"my job.yaml", "'my job.yaml'"},
        {"it's", "'it'\\''s'"},
        {"$(reboot)", "'$(reboot)'"},
        {"a;b", "'a;b'"},
        {"~/x", "'~/x'"},
        {"a=b", "a=b"},
        {"a\x1b[2Jb", "'a‹U+001B›[2Jb'"},
        {"Malm\xc3\xb6", "'Malm\xc3\xb6'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        shell_word_append(&out, slice_from(cases[i].text));
        assert_string_equal(out.data, cases[i].want);
        buffer_clear(&out);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_text_is_one_word)};
    return cmocka_run_group_tests_name("shell word", tests, NULL, NULL);
}
