#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/phone.h"
#include "rules/phone_number.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void numbers_are_read_and_refused(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text, *country;
        enum phone_result result;
        const char *want;
        enum phone_validity validity;
    } cases[] = {
        {"E.164 is unchanged", "+442079460958", "", PHONE_OK, "+442079460958", PHONE_UNCHECKED},
        {"blanks are dropped", "+44 20 7946 0958", "", PHONE_OK, "+442079460958", PHONE_UNCHECKED},
        {"dots are dropped", "+1.202.555.0143", "", PHONE_OK, "+12025550143", PHONE_UNCHECKED},
        {"hyphens are dropped", "+1-202-555-0143", "DE", PHONE_OK, "+12025550143", PHONE_UNCHECKED},
        {"E.164 outside of every plan is unchanged", "+9991234567", "", PHONE_OK, "+9991234567",
         PHONE_UNCHECKED},
        {"seven digits are unchanged", "+1234567", "", PHONE_OK, "+1234567", PHONE_UNCHECKED},
        {"fifteen digits are unchanged", "+123456789012345", "", PHONE_OK, "+123456789012345",
         PHONE_UNCHECKED},
        {"sixteen do not", "+1234567890123456", "", PHONE_BAD, NULL, 0},
        {"a zero after the plus", "+0442079460958", "", PHONE_BAD, NULL, 0},
        {"parentheses", "+44 (0)20 7946 0958", "", PHONE_OK, "+442079460958", PHONE_VALID},
        {"a national number", "020 7946 0958", "GB", PHONE_OK, "+442079460958", PHONE_VALID},
        {"a national number of the US", "(202) 555-0143", "US", PHONE_OK, "+12025550143", PHONE_VALID},
        {"two zeros are the country's business", "0044 20 7946 0958", "DE", PHONE_OK, "+442079460958",
         PHONE_VALID},
        {"possible, but not valid", "(202) 055-0143", "US", PHONE_OK, "+12020550143", PHONE_NOT_VALID},
        {"an en dash",
         "+1 (202) 555\xe2\x80\x93"
         "0143",
         "", PHONE_OK, "+12025550143", PHONE_VALID},
        {"a national number without a country", "020 7946 0958", "", PHONE_NEEDS_COUNTRY, NULL, 0},
        {"a leading 00 without a country", "00442079460958", "", PHONE_NEEDS_COUNTRY, NULL, 0},
        {"letters", "+1 800 FLOWERS", "US", PHONE_BAD, NULL, 0},
        {"letters without a country are letters", "call me", "", PHONE_BAD, NULL, 0},
        {"an extension", "+1 202 555 0143 ext. 5", "US", PHONE_BAD, NULL, 0},
        {"an extension by its sign", "+1 202 555 0143 #5", "US", PHONE_BAD, NULL, 0},
        {"an extension by a semicolon", "+12025550143;5", "US", PHONE_BAD, NULL, 0},
        {"too short", "12", "US", PHONE_BAD, NULL, 0},
        {"without its area code", "555-0143", "US", PHONE_BAD, NULL, 0},
        {"a number too long", "(202) 555 0143 12345", "US", PHONE_BAD, NULL, 0},
        {"two numbers", "+442079460958, +442079460959", "", PHONE_BAD, NULL, 0},
        {"two numbers with a slash", "+442079460958/442079460959", "", PHONE_BAD, NULL, 0},
        {"a second plus", "+44+2079460958", "", PHONE_BAD, NULL, 0},
        {"no digits", "--", "US", PHONE_BAD, NULL, 0},
        {"a plus alone", "+", "US", PHONE_BAD, NULL, 0},
        {"very long", "++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++1", "US",
         PHONE_BAD, NULL, 0},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice out = {NULL, 0};
        enum phone_validity validity = PHONE_UNCHECKED;
        const char *why = NULL;
        enum phone_result result = phone_read(slice_from(cases[i].text), slice_from(cases[i].country), &arena,
                                              &out, &validity, &why);
        if (result != cases[i].result)
            fail_msg("%s: result %d (%s) %.*s", cases[i].sentence, (int)result, why ? why : "", (int)out.len,
                     out.data ? out.data : "");
        if (result == PHONE_BAD)
            assert_non_null(why);
        if (result != PHONE_OK)
            continue;
        if (!slice_is(out, cases[i].want) || validity != cases[i].validity)
            fail_msg("%s: %.*s, validity %d", cases[i].sentence, (int)out.len, out.data, (int)validity);
    }
    arena_clear(&arena);
}

static void the_number_plan_is_applied_to_e164(void **state)
{
    (void)state;
    assert_true(phone_number_is_valid("+442079460958", 13));
    assert_false(phone_number_is_valid("+12020550143", 12));
    assert_false(phone_number_is_valid("+9991234567", 11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_and_refused),
        cmocka_unit_test(the_number_plan_is_applied_to_e164),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("phone", tests, NULL, NULL);
}
