#include "rules/phone.h"

#include <stddef.h>
#include <stdint.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "rules/guards.h"
#include "rules/phone_number.h"
#include "rules/phone_plan.h"

enum { DIGITS_MIN = 7, DIGITS_MAX = 15, PHONE_TEXT_MAX = 64, LAST_GROUP_DIGITS = 4, NUMBER_DIGITS = 7 };

static bool is_e164(struct slice text)
{
    if (text.len < 1 + DIGITS_MIN || text.len > 1 + DIGITS_MAX || text.data[0] != '+' || text.data[1] == '0')
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]))
            return false;
    return true;
}

/* True for E.164 that the library need not read. */
static bool is_final(struct slice text)
{
    return is_e164(text) && phone_plan_keeps(slice_skip(text, 1));
}

/* text with full-width forms and the decimal digits of other scripts in ASCII, in out. text is UTF-8 of at
 * most PHONE_TEXT_MAX bytes, the size of out. */
static struct slice fold_to_ascii(struct slice text, char *out)
{
    /* The zeros of scripts in daily use; the library reads their digits too. */
    static const uint16_t zeros[] = {0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6,
                                     0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x17e0, 0x1810};
    size_t len = 0;
    while (text.len > 0) {
        uint32_t code;
        size_t size = utf8_decode(text, &code);
        if (size == 0)
            break;
        if (code >= 0xff01 && code <= 0xff5e)
            code -= 0xff01 - '!';
        for (size_t i = 0; code >= 0x80 && i < sizeof zeros / sizeof *zeros; i++)
            if (code - zeros[i] < 10)
                code = '0' + code - zeros[i];
        len += utf8_encode(code, out + len);
        text = slice_skip(text, size);
    }
    return slice_make(out, len);
}

/* text without what other programs put around a number: a spreadsheet's guards and the scheme of RFC 3966. */
static struct slice unwrap(struct slice text)
{
    if (guards_may_begin(text) && guards_find(text, &text) == GUARD_NONE && text.data[0] == '\'')
        text = slice_skip(text, 1); /* before a bracket too */
    if (text.len > 4 && ascii_is_word(slice_make(text.data, 4), "tel:"))
        text = slice_skip(text, 4);
    while (text.len > 0 && text.data[0] == ' ')
        text = slice_skip(text, 1);
    return text;
}

static size_t skip_digits(struct slice text, size_t i)
{
    while (i < text.len && ascii_is_digit(text.data[i]))
        i++;
    return i;
}

/* `4.15555E+09` */
static bool has_exponent(struct slice text)
{
    size_t i = text.len > 0 && text.data[0] == '+';
    size_t end = skip_digits(text, i);
    if (end == i)
        return false;
    if (end < text.len && (text.data[end] == '.' || text.data[end] == ','))
        end = skip_digits(text, end + 1);
    if (end == text.len || ascii_lower(text.data[end]) != 'e')
        return false;
    i = end + 1;
    i += i < text.len && (text.data[i] == '+' || text.data[i] == '-');
    return i < text.len && skip_digits(text, i) == text.len;
}

/* `4155550110.0`, with a comma too. A single digit behind a dot is no group, but it may be what remains of
 * groups of three: `+1.415.555.011.0`. */
static bool has_decimals(struct slice text)
{
    size_t start = text.len, marks = 0, zeros = 0;
    while (start > 0 && ascii_is_digit(text.data[start - 1]))
        zeros += text.data[--start] == '0';
    size_t decimals = text.len - start;
    if (decimals == 0 || start == 0 || (text.data[start - 1] != '.' && text.data[start - 1] != ','))
        return false;
    size_t end = start - 1, begin = end;
    while (begin > 0 && ascii_is_digit(text.data[begin - 1]))
        begin--;
    for (size_t i = 0; i < text.len; i++)
        marks += text.data[i] == '.' || text.data[i] == ',';
    if (decimals == 1 && marks == 1)
        return end > begin;
    return decimals == zeros && end - begin >= (decimals == 1 ? LAST_GROUP_DIGITS : NUMBER_DIGITS);
}

/* text without blanks, dots and hyphens, in out. text has at most PHONE_TEXT_MAX bytes, the size of out. */
static struct slice drop_separators(struct slice text, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != ' ' && text.data[i] != '.' && text.data[i] != '-')
            out[len++] = text.data[i];
    return slice_make(out, len);
}

/* The library skips unknown characters at both ends and reads letters as digits, so only characters listed
 * here reach it. The dashes are U+2010–2015 and U+2212. */
static const char *check_characters(struct slice text)
{
    bool digits = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (ascii_is_letter(c))
            return "has letters; write only digits";
        if (c == ';')
            return "has an extension or a parameter";
        digits |= ascii_is_digit(c);
        if (ascii_is_digit(c) || (c == '+' && i == 0) || (c != '\0' && strchr(" .-()/", c)))
            continue;
        struct slice rest = slice_skip(text, i);
        uint8_t last = rest.len >= 3 ? (uint8_t)rest.data[2] : 0;
        bool dash =
            rest.len >= 3 && ((memcmp(rest.data, "\xe2\x80", 2) == 0 && last >= 0x90 && last <= 0x95) ||
                              memcmp(rest.data, "\xe2\x88\x92", 3) == 0);
        if (!dash)
            return "has a character that phone numbers do not have";
        i += 2;
    }
    return digits ? NULL : "has no digits";
}

static const char *describe_result(enum phone_number_result result)
{
    switch (result) {
    case PHONE_NUMBER_BAD_CODE:
        return "begins with a country calling code that does not exist";
    case PHONE_NUMBER_TOO_SHORT:
        return "is too short for its country";
    case PHONE_NUMBER_TOO_LONG:
        return "is too long for its country";
    case PHONE_NUMBER_BAD_LENGTH:
        return "has a number of digits that its country does not use";
    case PHONE_NUMBER_LOCAL_ONLY:
        return "lacks its area code";
    case PHONE_NUMBER_EXTENSION:
        return "has an extension";
    default:
        return "cannot be read as a phone number";
    }
}

/* True when the library returns a number that it has written as it is: of two trunk zeros after a calling
 * code it takes off one. */
static bool is_stable(const char *e164)
{
    struct phone_number again;
    return phone_plan_keeps(slice_from(e164 + 1)) ||
           (phone_number_read(e164, strlen(e164), "ZZ", &again) == PHONE_NUMBER_OK &&
            strcmp(again.e164, e164) == 0);
}

static enum phone_result parse_number(struct slice text, const char *region, struct arena *arena,
                                      struct phone *out)
{
    struct phone_number number;
    enum phone_number_result result = phone_number_read(text.data, text.len, region, &number);
    out->fault = describe_result(result);
    if (result == PHONE_NUMBER_AMBIGUOUS)
        return PHONE_AMBIGUOUS;
    if (result != PHONE_NUMBER_OK || !is_e164(slice_from(number.e164)))
        return PHONE_BAD;
    out->fault = "has more than one trunk prefix";
    if (!is_stable(number.e164))
        return PHONE_BAD;
    out->number = arena_copy(arena, slice_from(number.e164));
    out->validity = number.is_valid ? PHONE_VALID : PHONE_NOT_VALID;
    return PHONE_OK;
}

enum phone_result phone_read(struct slice text, struct slice country, struct arena *arena, struct phone *out)
{
    out->validity = PHONE_UNCHECKED;
    if (is_final(text)) {
        out->number = text;
        return PHONE_OK;
    }
    out->fault = "is longer than any phone number";
    if (text.len > PHONE_TEXT_MAX)
        return PHONE_BAD;
    char folded[PHONE_TEXT_MAX], buffer[PHONE_TEXT_MAX];
    if (!ascii_only(text))
        text = fold_to_ascii(text, folded);
    text = unwrap(text);
    if (has_exponent(text) || has_decimals(text))
        return PHONE_DAMAGED;
    struct slice digits = drop_separators(text, buffer);
    if (is_final(digits)) {
        out->number = arena_copy(arena, digits);
        return PHONE_OK;
    }

    out->fault = check_characters(text);
    if (out->fault)
        return PHONE_BAD;
    if (text.data[0] == '+')
        return parse_number(text, "ZZ", arena, out);
    if (country.len != 2)
        return PHONE_NEEDS_COUNTRY;
    char region[3] = {country.data[0], country.data[1], '\0'};
    return parse_number(text, region, arena, out);
}
