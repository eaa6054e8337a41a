#include "rules/phone.h"

#include <stddef.h>
#include <stdint.h>

#include "core/ascii.h"
#include "rules/phone_number.h"

enum { DIGITS_MIN = 7, DIGITS_MAX = 15, PHONE_TEXT_MAX = 64 };

static bool is_e164(struct slice text)
{
    if (text.len < 1 + DIGITS_MIN || text.len > 1 + DIGITS_MAX || text.data[0] != '+' || text.data[1] == '0')
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]))
            return false;
    return true;
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

static enum phone_result parse_number(struct slice text, const char *region, struct arena *arena,
                                      struct slice *out, enum phone_validity *validity, const char **fault)
{
    char e164[PHONE_NUMBER_SIZE];
    bool is_valid;
    enum phone_number_result result = phone_number_read(text.data, text.len, region, e164, &is_valid);
    *fault = describe_result(result);
    if (result != PHONE_NUMBER_OK || !is_e164(slice_from(e164)))
        return PHONE_BAD;
    *out = arena_copy(arena, slice_from(e164));
    *validity = is_valid ? PHONE_VALID : PHONE_NOT_VALID;
    return PHONE_OK;
}

enum phone_result phone_read(struct slice text, struct slice country, struct arena *arena, struct slice *out,
                             enum phone_validity *validity, const char **fault)
{
    *validity = PHONE_UNCHECKED;
    if (is_e164(text)) {
        *out = text;
        return PHONE_OK;
    }
    *fault = "is longer than any phone number";
    if (text.len > PHONE_TEXT_MAX)
        return PHONE_BAD;
    char buffer[PHONE_TEXT_MAX];
    struct slice digits = drop_separators(text, buffer);
    if (is_e164(digits)) {
        *out = arena_copy(arena, digits);
        return PHONE_OK;
    }

    *fault = check_characters(text);
    if (*fault)
        return PHONE_BAD;
    if (text.data[0] == '+')
        return parse_number(text, "ZZ", arena, out, validity, fault);
    if (country.len != 2)
        return PHONE_NEEDS_COUNTRY;
    char region[3] = {country.data[0], country.data[1], '\0'};
    return parse_number(text, region, arena, out, validity, fault);
}
