#include "model/language.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/ascii.h"
#include "core/text.h"
#include "model/country.h"
#include "model/language_names.h"

const char *const language_codes[] = {
    "aa", "ab", "ae", "af", "ak", "am", "an", "ar", "as", "av", "ay", "az", "ba", "be", "bg", "bh", "bi",
    "bm", "bn", "bo", "br", "bs", "ca", "ce", "ch", "co", "cr", "cs", "cu", "cv", "cy", "da", "de", "dv",
    "dz", "ee", "el", "en", "eo", "es", "et", "eu", "fa", "ff", "fi", "fj", "fo", "fr", "fy", "ga", "gd",
    "gl", "gn", "gu", "gv", "ha", "he", "hi", "ho", "hr", "ht", "hu", "hy", "hz", "ia", "id", "ie", "ig",
    "ii", "ik", "io", "is", "it", "iu", "ja", "jv", "ka", "kg", "ki", "kj", "kk", "kl", "km", "kn", "ko",
    "kr", "ks", "ku", "kv", "kw", "ky", "la", "lb", "lg", "li", "ln", "lo", "lt", "lu", "lv", "mg", "mh",
    "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "na", "nb", "nd", "ne", "ng", "nl", "nn", "no", "nr",
    "nv", "ny", "oc", "oj", "om", "or", "os", "pa", "pi", "pl", "ps", "pt", "qu", "rm", "rn", "ro", "ru",
    "rw", "sa", "sc", "sd", "se", "sg", "si", "sk", "sl", "sm", "sn", "so", "sq", "sr", "ss", "st", "su",
    "sv", "sw", "ta", "te", "tg", "th", "ti", "tk", "tl", "tn", "to", "tr", "ts", "tt", "tw", "ty", "ug",
    "uk", "ur", "uz", "ve", "vi", "vo", "wa", "wo", "xh", "yi", "yo", "za", "zh", "zu", NULL};

enum { CODE_LEN = 2, CODE_COUNT = sizeof language_codes / sizeof *language_codes - 1 };

/* The scripts that locales name. */
static const char scripts[] = "arab beng cyrl deva ethi grek guru hans hant hebr jpan kore latn mong thai";

/* In either case. */
static const char *find_code(struct slice text)
{
    if (text.len != CODE_LEN)
        return NULL;
    const char code[] = {ascii_lower(text.data[0]), ascii_lower(text.data[1])};
    size_t low = 0, high = CODE_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(code, language_codes[middle], CODE_LEN);
        if (order == 0)
            return language_codes[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static int compare(struct slice a, struct slice b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* A binary search over lines: from the middle byte back to where its line begins. */
static const char *find_key(struct slice key)
{
    size_t low = 0, high = language_names_len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        while (middle > low && language_names[middle - 1] != '\n')
            middle--;
        const char *line = language_names + middle, *tab = strchr(line, '\t');
        int order = compare(key, slice_make(line, (size_t)(tab - line)));
        if (order == 0)
            return find_code(slice_make(tab + 1, CODE_LEN));
        if (order < 0)
            high = middle;
        else
            low = (size_t)(tab - language_names) + 1 + CODE_LEN + 1;
    }
    return NULL;
}

static const char *find_name(struct slice text, struct arena *arena)
{
    struct slice key = text_name_key(text, arena);
    return key.len > 0 ? find_key(key) : NULL;
}

/* A script, a country, or a region in numbers (`419`); a variant is not known. */
static bool is_subtag(struct slice part)
{
    if (part.len == 4) {
        char word[] = {ascii_lower(part.data[0]), ascii_lower(part.data[1]), ascii_lower(part.data[2]),
                       ascii_lower(part.data[3]), '\0'};
        return strstr(scripts, word) != NULL;
    }
    if (part.len == 3)
        return ascii_is_digit(part.data[0]) && ascii_is_digit(part.data[1]) && ascii_is_digit(part.data[2]);
    if (part.len != 2)
        return false;
    const char capitals[] = {(char)(part.data[0] & ~0x20), (char)(part.data[1] & ~0x20)};
    return country_by_alpha2(slice_make(capitals, sizeof capitals)) || memcmp(capitals, "UK", 2) == 0;
}

/* `es_MX.UTF-8@euro`: the language, then its script and region; the encoding and what is behind it tell
 * nothing of the language. */
static const char *read_locale(struct slice text, struct arena *arena)
{
    size_t len = 0;
    while (len < text.len && text.data[len] != '.' && text.data[len] != '@')
        len++;
    struct slice rest = slice_make(text.data, len);
    size_t first = 0;
    while (first < rest.len && ascii_is_letter(rest.data[first]))
        first++;
    struct slice language = slice_make(rest.data, first);
    if (language.len != CODE_LEN && language.len != CODE_LEN + 1)
        return NULL;
    rest = slice_skip(rest, first);
    while (rest.len > 0) {
        if (rest.data[0] != '-' && rest.data[0] != '_')
            return NULL;
        rest = slice_skip(rest, 1);
        size_t part = 0;
        while (part < rest.len && rest.data[part] != '-' && rest.data[part] != '_')
            part++;
        if (!is_subtag(slice_make(rest.data, part)))
            return NULL;
        rest = slice_skip(rest, part);
    }
    const char *code = find_code(language);
    return code ? code : find_name(language, arena);
}

/* `English (United States)`. */
static const char *read_regional(struct slice text, struct arena *arena)
{
    const struct country *country;
    const char *names;
    const char *opening = text.len ? memchr(text.data, '(', text.len) : NULL;
    if (!opening || text.data[text.len - 1] != ')')
        return NULL;
    size_t offset = (size_t)(opening - text.data);
    struct slice region = slice_make(opening + 1, text.len - offset - 2);
    if (country_read(region, arena, &country, &names) != COUNTRY_FOUND)
        return NULL;
    return find_name(slice_make(text.data, offset), arena);
}

/* Java's old code of Indonesian means that only beside a region (`in_ID`): alone it may be a country, India.
 */
static bool is_open(struct slice text)
{
    return text.len == CODE_LEN && ascii_lower(text.data[0]) == 'i' && ascii_lower(text.data[1]) == 'n';
}

const char *language_read(struct slice text, struct arena *arena)
{
    if (is_open(text))
        return NULL;
    const char *code = read_locale(text, arena);
    if (!code)
        code = find_name(text, arena);
    return code ? code : read_regional(text, arena);
}
