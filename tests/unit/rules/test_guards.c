#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/utf8.h"
#include "rules/guards.h"
#include "unit/rules/fixture.h"

static void a_guard_is_found_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum guard guard;
        const char *plain;
    } texts[] = {
        {"'00123", GUARD_APOSTROPHE, "00123"},
        {"'+14155550110", GUARD_APOSTROPHE, "+14155550110"},
        {"'-5", GUARD_APOSTROPHE, "-5"},
        {"'@handle", GUARD_APOSTROPHE, "@handle"},
        {"'=1+1", GUARD_APOSTROPHE, "=1+1"},
        {" '00123", GUARD_APOSTROPHE, "00123"},
        {"'1 Main St", GUARD_APOSTROPHE, "1 Main St"},
        {"=\"02139\"", GUARD_FORMULA, "02139"},
        {"\t=\"02139\" ", GUARD_FORMULA, "02139"},
        {"=\"\"", GUARD_FORMULA, ""},
        {"'=\"02139\"", GUARD_APOSTROPHE, "02139"},
        {"'02139'", GUARD_QUOTES, "'02139'"},
        {"'s-Gravenhage", GUARD_NONE, "'s-Gravenhage"},
        {"'t Hooft", GUARD_NONE, "'t Hooft"},
        {"'", GUARD_NONE, "'"},
        {"''", GUARD_NONE, "''"},
        {"=\"", GUARD_NONE, "=\""},
        {"=1+1", GUARD_NONE, "=1+1"},
        {"=\"a\"&\"b\"", GUARD_NONE, "=\"a\"&\"b\""},
        {"O'Brien", GUARD_NONE, "O'Brien"},
        {"5'11", GUARD_NONE, "5'11"},
        {"", GUARD_NONE, ""},
        {"  ", GUARD_NONE, "  "},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct slice plain, text = slice_from(texts[i].text);
        enum guard guard = guards_find(text, &plain);
        if (guard != texts[i].guard || !slice_is(plain, texts[i].plain))
            fail_msg("%s: guard %d, plain %.*s", texts[i].text, (int)guard, (int)plain.len, plain.data);
        if (guard != GUARD_NONE)
            assert_true(guards_may_begin(text));
    }
}

static void a_damaged_value_is_not_quoted(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_CITY, "'1 Par\xffis");
    assert_string_equal(fixture_validate(fixture), "city/encoding");
    fixture_map(fixture, FIELD_CITY, "'1 Paris");
    assert_string_equal(fixture_validate(fixture), "city/guard(warn)");
    assert_true(utf8_is_valid(fixture->record.verdicts[0].message));
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_guard_is_found_and_nothing_else),
                                       cmocka_unit_test(a_damaged_value_is_not_quoted)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("guards", tests, NULL, NULL);
}
