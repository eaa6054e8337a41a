/* Classes of ASCII characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/ascii.h"

/* Every byte at every place of a text, beside the bytes that a carry would change. */
static void a_copy_in_lower_case_changes_capitals_alone(void **state)
{
    (void)state;
    enum { LEN_MAX = 20 };
    static const char around[] = {'@', '[', 'z', '\xff', '\0'};
    for (size_t k = 0; k < sizeof around; k++)
        for (size_t len = 0; len <= LEN_MAX; len++)
            for (size_t place = 0; place < len; place++)
                for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
                    char text[LEN_MAX], out[LEN_MAX + 1];
                    memset(text, around[k], sizeof text);
                    memset(out, '!', sizeof out);
                    text[place] = (char)byte;
                    ascii_lower_copy(slice_make(text, len), out);
                    char want = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : (char)byte;
                    assert_int_equal(out[place], want);
                    assert_int_equal(out[len], '!');
                    text[place] = out[place] = around[k];
                    assert_memory_equal(out, text, len);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_in_lower_case_changes_capitals_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ascii", tests, NULL, NULL);
}
