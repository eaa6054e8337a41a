#include "core/plural.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void one_is_singular(void **state)
{
    (void)state;
    assert_string_equal(plural_s(1), "");
    assert_string_equal(plural_s(0), "s");
    assert_string_equal(plural_s(2), "s");
    assert_string_equal(plural_s(UINT64_MAX), "s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_is_singular)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("core/plural", tests, NULL, NULL);
}
