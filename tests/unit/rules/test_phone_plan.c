/* The committed table of phone numbers against the installed libphonenumber. The table may know less than a
 * newer library (such numbers only take the slow path); it must never know more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/phone_number.h"
#include "rules/phone_plan.h"

enum { CODE_MAX = 999, DIGITS_MIN = 7, DIGITS_MAX = 15, TRIES = 3 };

static uint64_t state = 1;

/* splitmix64: public domain, Sebastiano Vigna. */
static uint64_t next_random(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* `+`, the calling code, and len digits of which the first is given. Returns the length. */
static size_t make_number(char out[32], int code, int first, size_t len)
{
    size_t end = (size_t)snprintf(out, 32, "+%d%d", code, first);
    for (size_t i = 1; i < len; i++)
        out[end++] = (char)('0' + next_random() % 10);
    out[end] = '\0';
    return end;
}

static bool library_keeps(const char *text, size_t len)
{
    struct phone_number number;
    return phone_number_read(text, len, "ZZ", &number) == PHONE_NUMBER_OK && strcmp(number.e164, text) == 0;
}

static void what_the_table_keeps_the_library_keeps_too(void **unused)
{
    (void)unused;
    size_t kept = 0, only_library = 0;
    for (int code = 1; code <= CODE_MAX; code++)
        for (size_t len = 1; len <= DIGITS_MAX; len++)
            for (int first = 0; first <= 9; first++)
                for (int i = 0; i < TRIES; i++) {
                    char text[32];
                    size_t size = make_number(text, code, first, len);
                    if (size - 1 < DIGITS_MIN || size - 1 > DIGITS_MAX)
                        continue;
                    bool keeps = phone_plan_keeps(slice_make(text + 1, size - 1));
                    bool is_code = phone_plan_of_code[code].lengths != 0;
                    if (!keeps && (!is_code || i > 0))
                        continue;
                    bool agrees = library_keeps(text, size);
                    if (keeps && !agrees)
                        fail_msg("%s: the library does not return it unchanged: make phone-plan", text);
                    kept += keeps;
                    only_library += !keeps && agrees;
                }
    print_message("# the table keeps %zu numbers; the library keeps %zu others too\n", kept, only_library);
    assert_true(kept > 50000);
}

/* Numbers as their countries assign them take the short way, or a plain import would be slow. */
static void common_numbers_take_the_short_way(void **unused)
{
    (void)unused;
    static const char *const numbers[] = {"14155550110",  "442079460958", "4915112345678", "33612345678",
                                          "390612345678", "34612345678",  "61412345678",   "919876543210",
                                          "525512345678", "819012345678", "48501234567",   "31612345678",
                                          "5491123456789"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!phone_plan_keeps(slice_from(numbers[i])))
            fail_msg("+%s goes to the library", numbers[i]);
}

static void what_the_library_rewrites_is_left_to_it(void **unused)
{
    (void)unused;
    static const struct {
        const char *sentence, *digits;
    } numbers[] = {
        {"Mexico's old 1 of mobiles", "5215512345678"},
        {"Argentina's 15 of mobiles", "54111520346789"},
        {"a trunk 90 of Brazil", "559030108366"},
        {"Australia's override of the sender's number", "61183123923"},
        {"a carrier code of China", "86110079147885"},
        {"a carrier code of Luxembourg", "352150052239"},
        {"a trunk 80 of Belarus", "37580029123456"},
        {"a trunk zero of the United Kingdom", "4402079460958"},
        {"a code that does not exist", "9991234567"},
        {"a code alone", "44"},
        {"a code that begins with a zero", "0442079460958"},
        {"nothing", ""},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (phone_plan_keeps(slice_from(numbers[i].digits)))
            fail_msg("%s: +%s is kept", numbers[i].sentence, numbers[i].digits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_table_keeps_the_library_keeps_too),
        cmocka_unit_test(common_numbers_take_the_short_way),
        cmocka_unit_test(what_the_library_rewrites_is_left_to_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("phone_plan", tests, NULL, NULL);
}
