#include "model/country.h"

#include <assert.h>
#include <string.h>

#include "core/ascii.h"
#include "core/text.h"
#include "model/country_table.h"

enum {
    NEAREST_MIN = 4, /* bytes of a name: one edit in so many */
    NEAREST_MAX = 64,
    TARGET_LEN = 4, /* TAB TARGET NL */
};

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
static const struct country *find_by_code(const uint8_t *index, size_t count, size_t offset,
                                          const char code[3])
{
    size_t low = 0, high = count;
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
        return find_by_code(country_by_alpha3, COUNTRY_COUNT, offsetof(struct country, alpha3), code);
    }
    return find_by_code(country_by_numeric, COUNTRY_ISO_COUNT, offsetof(struct country, numeric), text.data);
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
        uint32_t offset = country_name_slots[plan % COUNTRY_NAME_SLOTS];
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

static enum country_result read_one(struct slice text, struct arena *arena, const struct country **country,
                                    const char **names)
{
    *country = find_code(text);
    if (*country)
        return COUNTRY_FOUND;

    struct slice key = text_name_key(text, arena);
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

/* The two parts of `SE (Sweden)`, `SE - Sweden` or `SE: Sweden`; a hyphen without blanks is part of a name.
 */
static bool split_parts(struct slice text, struct slice parts[2])
{
    static const char *const separators[] = {" - ", " – ", " — ", ": ", ", ", "; "};
    const char closing = text.len ? text.data[text.len - 1] : '\0';

    if (closing == ')' || closing == ']') {
        const char *opening = memchr(text.data, closing == ')' ? '(' : '[', text.len);
        if (!opening)
            return false;
        size_t offset = (size_t)(opening - text.data);
        parts[0] = text_trim(slice_make(text.data, offset));
        parts[1] = text_trim(slice_make(opening + 1, text.len - offset - 2));
        return true;
    }
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
        const char *found = memmem(text.data, text.len, separators[i], strlen(separators[i]));
        if (!found)
            continue;
        parts[0] = text_trim(slice_make(text.data, (size_t)(found - text.data)));
        parts[1] = text_trim(slice_skip(text, (size_t)(found - text.data) + strlen(separators[i])));
        return true;
    }
    return false;
}

/* A code beside a name; the code decides between the countries that share the name. */
static enum country_result read_parts(struct slice text, struct arena *arena, const struct country **country,
                                      const char **names)
{
    struct slice parts[2];
    const struct country *named;
    const char *shared = NULL;

    if (!split_parts(text, parts))
        return COUNTRY_UNKNOWN;
    const struct country *coded = find_code(parts[0]);
    struct slice name = coded ? parts[1] : parts[0];
    if (!coded)
        coded = find_code(parts[1]);
    enum country_result result = coded ? read_one(name, arena, &named, &shared) : COUNTRY_UNKNOWN;
    if (result == COUNTRY_UNKNOWN)
        return result;
    const char *code = arena_printf(arena, "(%s)", coded->alpha2).data;
    if (result == COUNTRY_FOUND ? named == coded : strstr(shared, code) != NULL) {
        *country = coded;
        return COUNTRY_FOUND;
    }
    *names = result == COUNTRY_FOUND
                 ? arena_printf(arena, "%s %s, %s (%s)", coded->name, code, named->name, named->alpha2).data
                 : arena_printf(arena, "%s %s, %s", coded->name, code, shared).data;
    return COUNTRY_AMBIGUOUS;
}

enum country_result country_read(struct slice text, struct arena *arena, const struct country **country,
                                 const char **names)
{
    enum country_result result = read_one(text, arena, country, names);
    return result == COUNTRY_UNKNOWN ? read_parts(text, arena, country, names) : result;
}

/* A bit for each letter that a key has, those beyond ASCII together. */
static uint32_t letters_of(const char *key, size_t len)
{
    uint32_t letters = 0;
    for (size_t i = 0; i < len; i++)
        letters |= UINT32_C(1) << (key[i] >= 'a' && key[i] <= 'z' ? key[i] - 'a' : 26);
    return letters;
}

const struct country *country_nearest(struct slice text, struct arena *arena)
{
    struct slice key = text_name_key(text, arena);
    if (key.len < NEAREST_MIN || key.len > NEAREST_MAX || key.data[0] < 'a' || key.data[0] > 'z')
        return NULL;
    const uint32_t *range = &country_names_of[key.data[0] - 'a'];
    const char **words = arena_alloc(arena, (range[1] - range[0]) * sizeof *words);
    size_t max = key.len / NEAREST_MIN, count = 0;
    uint32_t letters = letters_of(key.data, key.len);
    for (const char *line = country_names + range[0]; line < country_names + range[1];) {
        const char *tab = strchr(line, '\t');
        size_t len = (size_t)(tab - line);
        /* An edit changes at most two letters: most names need not be compared. */
        if (len + max >= key.len && len <= key.len + max &&
            (size_t)__builtin_popcount(letters ^ letters_of(line, len)) <= 2 * max)
            words[count++] = arena_printf(arena, "%.*s", (int)len, line).data;
        line = tab + TARGET_LEN;
    }
    words[count] = NULL;
    const char *nearest = text_nearest_within(key, words, max);
    if (!nearest)
        return NULL;
    const char *target = find_target(slice_from(nearest));
    assert(target && "it is a name of the table");
    return country_by_alpha2(slice_make(target, 2));
}

bool country_in_iso(const struct country *country)
{
    return country->numeric[0] != '\0';
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
