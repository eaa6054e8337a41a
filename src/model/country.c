#include "model/country.h"

#include <string.h>

#include "core/ascii.h"
#include "core/text.h"
#include "model/country_table.h"

static char to_capital(char letter)
{
    return (char)(letter & ~0x20);
}

const struct country *country_by_alpha2(struct slice code)
{
    if (code.len != 2)
        return NULL;
    unsigned first = (unsigned char)code.data[0] - (unsigned)'A';
    unsigned second = (unsigned char)code.data[1] - (unsigned)'A';
    if (first >= 26 || second >= 26)
        return NULL;
    unsigned index = country_of_alpha2[first * 26 + second];
    return index == 0 ? NULL : &country_table[index - 1];
}

/* Searches the index by the code of three characters at this offset of struct country. */
static const struct country *find_by_code(const uint8_t index[COUNTRY_COUNT], size_t offset,
                                          const char code[3])
{
    size_t low = 0, high = COUNTRY_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct country *country = &country_table[index[middle]];
        int order = memcmp(code, (const char *)country + offset, 3);
        if (order == 0)
            return country;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Two letters, three letters or three digits, taken as they are: `N/A` is not Namibia. */
static const struct country *find_code(struct slice text)
{
    if (text.len == 2 && ascii_is_letter(text.data[0]) && ascii_is_letter(text.data[1])) {
        char code[2] = {to_capital(text.data[0]), to_capital(text.data[1])};
        return country_by_alpha2(slice_make(code, 2));
    }
    if (text.len != 3)
        return NULL;
    if (ascii_is_letter(text.data[0]) && ascii_is_letter(text.data[1]) && ascii_is_letter(text.data[2])) {
        char code[3] = {to_capital(text.data[0]), to_capital(text.data[1]), to_capital(text.data[2])};
        return find_by_code(country_by_alpha3, offsetof(struct country, alpha3), code);
    }
    return find_by_code(country_by_numeric, offsetof(struct country, numeric), text.data);
}

/* FNV-1a. */
static uint32_t hash_name(struct slice key)
{
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.data[i]) * UINT32_C(16777619);
    return hash;
}

/* The two bytes behind KEY TAB, or NULL. */
static const char *find_target(struct slice key)
{
    for (uint32_t plan = hash_name(key);; plan++) {
        unsigned offset = country_name_slots[plan % COUNTRY_NAME_SLOTS];
        if (offset == 0)
            return NULL;
        const char *line = country_names + offset - 1;
        if (strncmp(line, key.data, key.len) == 0 && line[key.len] == '\t')
            return line + key.len + 1;
    }
}

/* As it is, without a leading `the`, and with a leading `st` written out. */
static const char *find_name(struct slice key, struct arena *arena)
{
    const struct slice the = SLICE_LITERAL("the"), st = SLICE_LITERAL("st"), saint = SLICE_LITERAL("saint");

    const char *target = find_target(key);
    if (!target && slice_begins(key, the)) {
        key = slice_skip(key, the.len);
        target = find_target(key);
    }
    if (!target && slice_begins(key, st)) {
        size_t rest = key.len - st.len;
        char *whole = arena_bytes(arena, saint.len + rest);
        memcpy(whole, saint.data, saint.len);
        memcpy(whole + saint.len, key.data + st.len, rest);
        target = find_target(slice_make(whole, saint.len + rest));
    }
    return target;
}

/* Blanks out: `Guinea-Bissau`, `U. S. A.` and `Viet Nam` are written with and without them. */
static struct slice name_key(struct slice text, struct arena *arena)
{
    struct slice folded = text_fold_name(text, arena);
    if (folded.len == 0 || !memchr(folded.data, ' ', folded.len))
        return folded;
    char *key = arena_bytes(arena, folded.len);
    size_t len = 0;
    for (size_t i = 0; i < folded.len; i++)
        if (folded.data[i] != ' ')
            key[len++] = folded.data[i];
    return slice_make(key, len);
}

enum country_result country_read(struct slice text, struct arena *arena, const struct country **country,
                                 const char **names)
{
    *country = find_code(text);
    if (*country)
        return COUNTRY_FOUND;

    struct slice key = name_key(text, arena);
    const char *target = key.len == 0 ? NULL : find_name(key, arena);
    if (!target)
        return COUNTRY_UNKNOWN;
    if (target[0] == '*') {
        *names = country_ambiguous[target[1] - 'A'];
        return COUNTRY_AMBIGUOUS;
    }
    *country = country_by_alpha2(slice_make(target, 2));
    return COUNTRY_FOUND;
}

bool country_in_eea(const struct country *country)
{
    static const char members[][3] = {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI",
                                      "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
                                      "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (memcmp(country->alpha2, members[i], 2) == 0)
            return true;
    return false;
}
