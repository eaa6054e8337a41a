#include "rules/postal.h"

#include <stdbool.h>
#include <string.h>

#include "core/ascii.h"

enum { LETTERS = 26, CODE_MAX = 16, LOST_MAX = 2, DIGITS_MIN = 2 };

#define AT(a, b) (((a) - 'A') * LETTERS + (b) - 'A')

/* A 0 before the forms: codes may begin with a zero. */
static const char *const forms_of[LETTERS * LETTERS] = {
    /* clang-format off: one row a country */
    [AT('A', 'D')] = "999",
    [AT('A', 'F')] = "9999",
    [AT('A', 'L')] = "9999",
    [AT('A', 'M')] = "09999|999999",
    [AT('A', 'R')] = "9999|A9999AAA",
    [AT('A', 'S')] = "099999|999999999",
    [AT('A', 'T')] = "9999",
    [AT('A', 'U')] = "09999",
    [AT('A', 'X')] = "099999",
    [AT('A', 'Z')] = "9999",
    [AT('B', 'A')] = "99999",
    [AT('B', 'B')] = "99999",
    [AT('B', 'D')] = "9999",
    [AT('B', 'E')] = "9999",
    [AT('B', 'G')] = "9999",
    [AT('B', 'H')] = "999|9999",
    [AT('B', 'L')] = "099999",
    [AT('B', 'M')] = "AA99|AAAA",
    [AT('B', 'N')] = "AA9999",
    [AT('B', 'R')] = "099999999",
    [AT('B', 'T')] = "99999",
    [AT('B', 'Y')] = "999999",
    [AT('C', 'A')] = "A9A9A9",
    [AT('C', 'C')] = "9999",
    [AT('C', 'H')] = "9999",
    [AT('C', 'L')] = "9999999",
    [AT('C', 'N')] = "0999999",
    [AT('C', 'O')] = "0999999",
    [AT('C', 'R')] = "99999|9999",
    [AT('C', 'U')] = "99999",
    [AT('C', 'V')] = "9999",
    [AT('C', 'X')] = "9999",
    [AT('C', 'Y')] = "9999",
    [AT('C', 'Z')] = "99999",
    [AT('D', 'E')] = "099999",
    [AT('D', 'K')] = "09999",
    [AT('D', 'O')] = "99999",
    [AT('D', 'Z')] = "099999",
    [AT('E', 'C')] = "0999999",
    [AT('E', 'E')] = "99999",
    [AT('E', 'G')] = "99999|9999999",
    [AT('E', 'S')] = "099999",
    [AT('E', 'T')] = "9999",
    [AT('F', 'I')] = "099999",
    [AT('F', 'M')] = "99999|999999999",
    [AT('F', 'O')] = "999",
    [AT('F', 'R')] = "099999",
    [AT('G', 'B')] = "A99AA|A999AA|AA99AA|AA999AA|A9A9AA|AA9A9AA|GIR0AA",
    [AT('G', 'E')] = "09999",
    [AT('G', 'F')] = "099999",
    [AT('G', 'G')] = "AA99AA|AA999AA",
    [AT('G', 'I')] = "GX111AA",
    [AT('G', 'L')] = "9999",
    [AT('G', 'N')] = "999",
    [AT('G', 'P')] = "099999",
    [AT('G', 'R')] = "99999",
    [AT('G', 'T')] = "099999",
    [AT('G', 'U')] = "99999|999999999",
    [AT('G', 'W')] = "9999",
    [AT('H', 'N')] = "99999",
    [AT('H', 'R')] = "99999",
    [AT('H', 'T')] = "9999",
    [AT('H', 'U')] = "9999",
    [AT('I', 'D')] = "99999",
    [AT('I', 'E')] = "A99XXXX|D6WXXXX",
    [AT('I', 'L')] = "99999|9999999",
    [AT('I', 'M')] = "AA99AA|AA999AA",
    [AT('I', 'N')] = "999999",
    [AT('I', 'Q')] = "99999",
    [AT('I', 'R')] = "9999999999",
    [AT('I', 'S')] = "999",
    [AT('I', 'T')] = "099999",
    [AT('J', 'E')] = "AA99AA|AA999AA",
    [AT('J', 'O')] = "99999",
    [AT('J', 'P')] = "09999999",
    [AT('K', 'E')] = "099999",
    [AT('K', 'G')] = "999999",
    [AT('K', 'H')] = "99999|999999",
    [AT('K', 'R')] = "099999|999999",
    [AT('K', 'W')] = "99999",
    [AT('K', 'Y')] = "99999",
    [AT('K', 'Z')] = "0999999|A99A9A9",
    [AT('L', 'A')] = "99999",
    [AT('L', 'C')] = "99999",
    [AT('L', 'I')] = "9999",
    [AT('L', 'K')] = "099999",
    [AT('L', 'R')] = "9999",
    [AT('L', 'S')] = "999",
    [AT('L', 'T')] = "099999",
    [AT('L', 'U')] = "9999",
    [AT('L', 'V')] = "9999",
    [AT('M', 'A')] = "99999",
    [AT('M', 'C')] = "98099",
    [AT('M', 'D')] = "9999",
    [AT('M', 'E')] = "99999",
    [AT('M', 'F')] = "099999",
    [AT('M', 'G')] = "999",
    [AT('M', 'H')] = "99999|999999999",
    [AT('M', 'K')] = "9999",
    [AT('M', 'M')] = "099999",
    [AT('M', 'N')] = "99999|999999",
    [AT('M', 'P')] = "99999|999999999",
    [AT('M', 'Q')] = "099999",
    [AT('M', 'T')] = "AAA9999|AAA999|AAA99",
    [AT('M', 'V')] = "99999",
    [AT('M', 'X')] = "099999",
    [AT('M', 'Y')] = "099999",
    [AT('M', 'Z')] = "9999",
    [AT('N', 'C')] = "099999",
    [AT('N', 'E')] = "9999",
    [AT('N', 'F')] = "9999",
    [AT('N', 'G')] = "999999",
    [AT('N', 'I')] = "99999",
    [AT('N', 'L')] = "9999AA",
    [AT('N', 'O')] = "09999",
    [AT('N', 'P')] = "99999",
    [AT('N', 'Z')] = "09999",
    [AT('O', 'M')] = "999",
    [AT('P', 'A')] = "9999",
    [AT('P', 'E')] = "099999",
    [AT('P', 'F')] = "099999",
    [AT('P', 'G')] = "999",
    [AT('P', 'H')] = "09999",
    [AT('P', 'K')] = "99999",
    [AT('P', 'L')] = "099999",
    [AT('P', 'M')] = "099999",
    [AT('P', 'R')] = "099999|999999999",
    [AT('P', 'T')] = "9999999",
    [AT('P', 'W')] = "99999|999999999",
    [AT('P', 'Y')] = "9999",
    [AT('R', 'E')] = "099999",
    [AT('R', 'O')] = "0999999",
    [AT('R', 'S')] = "99999|999999",
    [AT('R', 'U')] = "999999",
    [AT('S', 'A')] = "99999|999999999",
    [AT('S', 'D')] = "99999",
    [AT('S', 'E')] = "99999",
    [AT('S', 'G')] = "0999999",
    [AT('S', 'I')] = "9999",
    [AT('S', 'J')] = "09999",
    [AT('S', 'K')] = "099999",
    [AT('S', 'M')] = "47899",
    [AT('S', 'N')] = "99999",
    [AT('S', 'V')] = "9999",
    [AT('S', 'Z')] = "A999",
    [AT('T', 'H')] = "99999",
    [AT('T', 'J')] = "0999999",
    [AT('T', 'M')] = "999999",
    [AT('T', 'N')] = "9999",
    [AT('T', 'R')] = "099999",
    [AT('T', 'W')] = "999|99999|999999",
    [AT('T', 'Z')] = "99999",
    [AT('U', 'A')] = "099999",
    [AT('U', 'S')] = "099999|999999999",
    [AT('U', 'Y')] = "99999",
    [AT('U', 'Z')] = "999999",
    [AT('V', 'A')] = "099999",
    [AT('V', 'C')] = "9999",
    [AT('V', 'E')] = "9999|9999A",
    [AT('V', 'G')] = "9999",
    [AT('V', 'I')] = "099999|999999999",
    [AT('V', 'N')] = "099999|999999",
    [AT('W', 'F')] = "099999",
    [AT('X', 'K')] = "99999",
    [AT('Y', 'T')] = "099999",
    [AT('Z', 'A')] = "09999",
    [AT('Z', 'M')] = "99999",
    /* clang-format on */
};

static bool is_like(char byte, char form)
{
    if (form == '9')
        return ascii_is_digit(byte);
    if (form == 'A')
        return ascii_is_letter(byte);
    if (form == 'X')
        return ascii_is_letter(byte) || ascii_is_digit(byte);
    return byte == form && form != '|';
}

static bool has_form(struct slice code, const char *form)
{
    size_t i = 0;
    while (i < code.len && (form[i] == '9' ? ascii_is_digit(code.data[i]) : is_like(code.data[i], form[i])))
        i++;
    return i == code.len && (form[i] == '\0' || form[i] == '|');
}

/* The form after another, of a country's; NULL: it was the last. */
static const char *next_form(const char *form)
{
    const char *mark = strchr(form, '|');
    return mark ? mark + 1 : NULL;
}

/* Digits alone, in a form of digits alone that has one or two more. */
static size_t count_lost(struct slice code, const char *form)
{
    size_t digits = strspn(form, "9");
    if ((form[digits] != '\0' && form[digits] != '|') || code.len < DIGITS_MIN || code.len >= digits ||
        code.data[0] == '0')
        return 0;
    for (size_t i = 0; i < code.len; i++)
        if (!ascii_is_digit(code.data[i]))
            return 0;
    return digits - code.len <= LOST_MAX ? digits - code.len : 0;
}

/* Without blanks, hyphens and the country's code before digits, in out. Empty: too long for any form. */
static struct slice squeeze(struct slice code, struct slice country, char out[CODE_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < code.len; i++) {
        if (code.data[i] == ' ' || code.data[i] == '-')
            continue;
        if (len == CODE_MAX)
            return slice_make(out, 0);
        out[len++] = code.data[i];
    }
    struct slice text = slice_make(out, len);
    bool has_country = len > country.len && slice_begins(text, country) && ascii_is_digit(out[country.len]);
    return has_country ? slice_skip(text, country.len) : text;
}

/* A code that is not of the form as it is written. */
static enum postal_result read_squeezed(struct slice code, struct slice country, const char *forms,
                                        bool has_zeros, size_t *missing)
{
    char buffer[CODE_MAX];
    struct slice text = squeeze(code, country, buffer);
    *missing = 0;
    for (const char *form = forms; form; form = next_form(form)) {
        if (has_form(text, form))
            return POSTAL_GOOD;
        if (has_zeros && *missing == 0)
            *missing = count_lost(text, form);
    }
    return *missing > 0 ? POSTAL_LOST_ZERO : POSTAL_BAD;
}

enum postal_result postal_read(struct slice code, struct slice country, const char **forms, size_t *missing)
{
    *forms = NULL;
    if (country.len == 2 && country.data[0] >= 'A' && country.data[0] <= 'Z' && country.data[1] >= 'A' &&
        country.data[1] <= 'Z')
        *forms = forms_of[AT(country.data[0], country.data[1])];
    if (!*forms)
        return POSTAL_GOOD;
    bool has_zeros = **forms == '0';
    *forms += has_zeros;
    return has_form(code, *forms) ? POSTAL_GOOD : read_squeezed(code, country, *forms, has_zeros, missing);
}
