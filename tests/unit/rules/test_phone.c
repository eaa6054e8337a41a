#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/phone.h"
#include "rules/phone_number.h"
#include "rules/phone_plan.h"

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
        {"an unknown calling code", "+9991234567", "", PHONE_BAD, NULL, 0},
        {"a digit too few", "+1415555011", "", PHONE_BAD, NULL, 0},
        {"a digit too many", "+141555501100", "", PHONE_BAD, NULL, 0},
        {"a digit too many, with blanks", "+1 415 555 01100", "US", PHONE_BAD, NULL, 0},
        {"seven digits in all", "+6834002", "", PHONE_OK, "+6834002", PHONE_UNCHECKED},
        {"fifteen digits in all", "+491234567890123", "", PHONE_OK, "+491234567890123", PHONE_UNCHECKED},
        {"sixteen", "+4912345678901234", "", PHONE_BAD, NULL, 0},
        {"a trunk zero behind the calling code", "+4402079460958", "", PHONE_OK, "+442079460958",
         PHONE_VALID},
        {"a trunk zero behind a blank", "+49 0151 12345678", "", PHONE_OK, "+4915112345678", PHONE_VALID},
        {"a trunk zero of Australia", "+610412345678", "", PHONE_OK, "+61412345678", PHONE_VALID},
        {"the zero of an Italian number", "+390612345678", "", PHONE_OK, "+390612345678", PHONE_UNCHECKED},
        {"the zero of an Ivorian number", "+2250712345678", "", PHONE_OK, "+2250712345678", PHONE_UNCHECKED},
        {"two trunk zeros", "+6100412345678", "", PHONE_BAD, NULL, 0},
        {"a trunk eight of Russia", "+784951234567", "", PHONE_OK, "+74951234567", PHONE_VALID},
        {"the old 1 of Mexican mobiles", "+5215512345678", "", PHONE_OK, "+525512345678", PHONE_VALID},
        {"the 15 of Argentine mobiles", "+54111520346789", "", PHONE_OK, "+5491120346789", PHONE_VALID},
        {"a Mexican number", "+525512345678", "", PHONE_OK, "+525512345678", PHONE_UNCHECKED},
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
        {"tel:", "tel:+44-20-7946-0958", "", PHONE_OK, "+442079460958", PHONE_UNCHECKED},
        {"TEL: with a blank", "TEL: +44 (0)20 7946 0958", "", PHONE_OK, "+442079460958", PHONE_VALID},
        {"tel: and a national number", "tel:020-7946-0958", "GB", PHONE_OK, "+442079460958", PHONE_VALID},
        {"tel: with an extension", "tel:+12025550143;ext=5", "", PHONE_BAD, NULL, 0},
        {"tel: with a context", "tel:2025550143;phone-context=+1", "US", PHONE_BAD, NULL, 0},
        {"tel: alone", "tel:", "US", PHONE_BAD, NULL, 0},
        {"a spreadsheet's apostrophe", "'+442079460958", "", PHONE_OK, "+442079460958", PHONE_UNCHECKED},
        {"the same before a national number", "'020 7946 0958", "GB", PHONE_OK, "+442079460958", PHONE_VALID},
        {"a spreadsheet's formula", "=\"+442079460958\"", "", PHONE_OK, "+442079460958", PHONE_UNCHECKED},
        {"an apostrophe before a bracket", "'(202) 555-0143", "US", PHONE_OK, "+12025550143", PHONE_VALID},
        {"apostrophes on both sides", "'+442079460958'", "", PHONE_BAD, NULL, 0},
        {"an apostrophe alone", "'", "US", PHONE_BAD, NULL, 0},
        {"full-width digits and plus", "＋４４２０７９４６０９５８", "", PHONE_OK, "+442079460958",
         PHONE_UNCHECKED},
        {"full-width brackets and hyphen", "（０３）１２３４－５６７８", "JP", PHONE_OK, "+81312345678",
         PHONE_VALID},
        {"Arabic-Indic digits", "٠١٠٠١٢٣٤٥٦٧", "EG", PHONE_OK, "+201001234567", PHONE_VALID},
        {"the same with a plus", "+٢٠١٠٠١٢٣٤٥٦٧", "", PHONE_OK, "+201001234567", PHONE_UNCHECKED},
        {"digits of Devanagari", "०९८७६५४३२१०", "IN", PHONE_OK, "+919876543210", PHONE_VALID},
        {"a full-width letter", "+44２０７９４６０９５Ａ", "", PHONE_BAD, NULL, 0},

        {"a float", "4155550110.0", "US", PHONE_DAMAGED, NULL, 0},
        {"a float with a plus", "+14155550110.0", "", PHONE_DAMAGED, NULL, 0},
        {"a float without a country", "15112345678.0", "", PHONE_DAMAGED, NULL, 0},
        {"two decimals", "4155550110.00", "US", PHONE_DAMAGED, NULL, 0},
        {"a decimal comma", "4155550110,0", "US", PHONE_DAMAGED, NULL, 0},
        {"a float behind an apostrophe", "'4155550110.0", "US", PHONE_DAMAGED, NULL, 0},
        {"a float in full-width digits", "４１５５５５０１１０．０", "US", PHONE_DAMAGED, NULL, 0},
        {"a single digit is no group", "0301234567.8", "DE", PHONE_DAMAGED, NULL, 0},
        {"a float behind a calling code", "+1 4155550110.0", "", PHONE_DAMAGED, NULL, 0},
        {"a .0 behind groups", "0151.1234.5678.0", "DE", PHONE_DAMAGED, NULL, 0},
        {"what remains of groups of three", "+1.415.555.011.0", "", PHONE_OK, "+14155550110",
         PHONE_UNCHECKED},
        {"an exponent", "4.15555E+09", "US", PHONE_DAMAGED, NULL, 0},
        {"an exponent with a comma", "4,15555E+09", "US", PHONE_DAMAGED, NULL, 0},
        {"a small exponent", "4.1555501e9", "US", PHONE_DAMAGED, NULL, 0},
        {"an exponent without decimals", "+4E+09", "US", PHONE_DAMAGED, NULL, 0},
        {"dots between groups", "044.668.18.00", "CH", PHONE_OK, "+41446681800", PHONE_VALID},
        {"dots in France", "01.23.45.67.00", "FR", PHONE_OK, "+33123456700", PHONE_VALID},
        {"dots between groups, one of a digit", "+33.1.23.45.67.89", "", PHONE_OK, "+33123456789",
         PHONE_UNCHECKED},
        {"zeros behind the only dot, but few digits before it", "0800.000000", "DE", PHONE_OK, "+49800000000",
         PHONE_NOT_VALID},

        {"the country's calling code without its plus", "4915112345678", "DE", PHONE_AMBIGUOUS, NULL, 0},
        {"the same with blanks", "49 151 12345678", "DE", PHONE_AMBIGUOUS, NULL, 0},
        {"a foreign mobile without its plus", "447400123456", "DE", PHONE_AMBIGUOUS, NULL, 0},
        {"a Danish mobile that is no number of the US", "4520123456", "US", PHONE_AMBIGUOUS, NULL, 0},
        {"an own calling code that reads the same", "14155550110", "US", PHONE_OK, "+14155550110",
         PHONE_VALID},
        {"the same in India", "919876543210", "IN", PHONE_OK, "+919876543210", PHONE_VALID},
        {"an Indian number that begins with 91", "9123456789", "IN", PHONE_OK, "+919123456789", PHONE_VALID},
        {"an Italian number that begins with 39", "3912345678", "IT", PHONE_OK, "+393912345678", PHONE_VALID},
        {"an Italian mobile that is a landline with a plus", "3903553380", "IT", PHONE_AMBIGUOUS, NULL, 0},
        {"a German mobile without its zero", "15123456789", "DE", PHONE_OK, "+4915123456789", PHONE_VALID},
        {"a Californian number that is Belgian with a plus", "(323) 555-0143", "US", PHONE_OK, "+13235550143",
         PHONE_VALID},
        {"a Chinese mobile that is American with a plus", "13123456789", "CN", PHONE_OK, "+8613123456789",
         PHONE_VALID},
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
        struct phone phone = {0};
        enum phone_result result =
            phone_read(slice_from(cases[i].text), slice_from(cases[i].country), &arena, &phone);
        if (result != cases[i].result)
            fail_msg("%s: result %d (%s) %.*s", cases[i].sentence, (int)result,
                     phone.fault ? phone.fault : "", (int)phone.number.len,
                     phone.number.data ? phone.number.data : "");
        if (result == PHONE_BAD)
            assert_non_null(phone.fault);
        if (result != PHONE_OK)
            continue;
        if (!slice_is(phone.number, cases[i].want) || phone.validity != cases[i].validity)
            fail_msg("%s: %.*s, validity %d", cases[i].sentence, (int)phone.number.len, phone.number.data,
                     (int)phone.validity);
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

/* splitmix64: public domain, Sebastiano Vigna. */
static uint64_t next_random(void)
{
    static uint64_t seed = 1;
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

enum { NUMBER_SIZE = 16, SPELLING_SIZE = 128 };

static void make_digits(char out[NUMBER_SIZE], size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (char)('0' + next_random() % 10);
    out[len] = '\0';
}

/* How a number is written: what stands before, between and behind its calling code and national number, and
 * between groups of its digits. */
static const struct spelling {
    const char *before, *between, *behind, *mark;
    size_t group;
    bool is_arabic;
} spellings[] = {
    {"+", "", "", "", 9, false},
    {"+", " ", "", "", 9, false},
    {"+", "0", "", "", 9, false},
    {"+", " 0", "", "", 9, false},
    {"+", " (0)", "", "", 9, false},
    {"+", "1", "", "", 9, false},
    {"tel:+", "-", "", "-", 3, false},
    {"'+", "", "", "", 9, false},
    {"=\"+", "", "\"", "", 9, false},
    {"+", ".", "", ".", 3, false},
    {"+", "", ".0", "", 9, false},
    {"+", " ", ".0", ".", 3, false},
    {"+", "/", "", " ", 2, false},
    {"+", "-", "", "\xe2\x80\x93", 3, false},
    {"\xef\xbc\x8b", "", "", "", 9, false},
    {"+", "", "", " ", 3, true},
};

static void spell(char out[SPELLING_SIZE], const struct spelling *spelling, int code, const char *national)
{
    size_t len = (size_t)snprintf(out, SPELLING_SIZE, "%s%d%s", spelling->before, code, spelling->between);
    for (size_t i = 0; national[i]; i++) {
        const char *mark = i > 0 && i % spelling->group == 0 ? spelling->mark : "";
        len += (size_t)snprintf(out + len, SPELLING_SIZE - len, "%s", mark);
        if (spelling->is_arabic) {
            out[len++] = '\xd9';
            out[len++] = (char)('\xa0' + (national[i] - '0'));
        } else {
            out[len++] = national[i];
        }
    }
    snprintf(out + len, SPELLING_SIZE - len, "%s", spelling->behind);
}

/* Numbers of every calling code and length, in many spellings. */
static void what_is_accepted_is_the_library_s_own_reading(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    size_t accepted = 0;
    for (int code = 1; code <= 999; code++)
        for (size_t len = 3; len <= 12 && phone_plan_of_code[code].lengths != 0; len++)
            for (size_t spelling = 0; spelling < COUNT(spellings); spelling++) {
                char national[NUMBER_SIZE], text[SPELLING_SIZE];
                make_digits(national, len);
                spell(text, &spellings[spelling], code, national);
                struct phone phone;
                struct phone_number number;
                if (phone_read(slice_from(text), slice_from(""), &arena, &phone) != PHONE_OK)
                    continue;
                if (phone_number_read(text, strlen(text), "ZZ", &number) != PHONE_NUMBER_OK ||
                    !slice_is(phone.number, number.e164))
                    fail_msg("%s: accepted as %.*s", text, (int)phone.number.len, phone.number.data);
                accepted++;
                arena_reset(&arena);
            }
    assert_true(accepted > 3000);
    arena_clear(&arena);
}

/* Valid numbers of some countries as they are stored without a trunk zero, many of which begin with the
 * calling code. */
static void valid_national_numbers_are_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *country, *begin;
        int code;
        size_t len;
    } numbers[] = {
        {"IN", "91", 91, 10}, {"IN", "", 91, 10},   {"IT", "392", 39, 10}, {"IT", "33", 39, 10},
        {"IT", "06", 39, 10}, {"US", "", 1, 10},    {"US", "323", 1, 10},  {"GB", "", 44, 10},
        {"FR", "33", 33, 9},  {"FR", "6", 33, 9},   {"ES", "", 34, 9},     {"DE", "15", 49, 11},
        {"DE", "30", 49, 10}, {"CN", "13", 86, 11}, {"BR", "519", 55, 11}, {"TR", "", 90, 10},
        {"JP", "90", 81, 10}, {"MX", "55", 52, 10}, {"ID", "812", 62, 11}, {"PL", "50", 48, 9},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        size_t valid = 0;
        for (size_t n = 0; n < 400; n++) {
            char national[NUMBER_SIZE], e164[SPELLING_SIZE];
            make_digits(national, numbers[i].len);
            memcpy(national, numbers[i].begin, strlen(numbers[i].begin));
            int len = snprintf(e164, sizeof e164, "+%d%s", numbers[i].code, national);
            if (!phone_number_is_valid(e164, (size_t)len))
                continue;
            struct phone phone;
            valid++;
            enum phone_result result =
                phone_read(slice_from(national), slice_from(numbers[i].country), &arena, &phone);
            if (result != PHONE_OK || !slice_is(phone.number, e164))
                fail_msg("%s in %s: result %d", national, numbers[i].country, (int)result);
            arena_reset(&arena);
        }
        if (valid < 4)
            fail_msg("%s %s: %zu valid numbers", numbers[i].country, numbers[i].begin, valid);
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_and_refused),
        cmocka_unit_test(the_number_plan_is_applied_to_e164),
        cmocka_unit_test(what_is_accepted_is_the_library_s_own_reading),
        cmocka_unit_test(valid_national_numbers_are_accepted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("phone", tests, NULL, NULL);
}
