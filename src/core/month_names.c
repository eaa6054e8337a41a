#include "core/month_names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <unicode/udat.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/utf8.h"

enum {
    MONTHS = 12,
    NAME_LETTERS_MAX = 24,
    NAME_BYTES_MAX = 96, /* of a name in a date: four bytes a letter */

    PREFIX_MIN = 3,
    PREFIX_MAX = 4,
};

/* Folded as by text_fold_letters. */
struct month_name {
    uint32_t letters[NAME_LETTERS_MAX];
    size_t len;
    unsigned month; /* 0: of several months */
};

struct month_names {
    struct month_name *names;
    size_t count;
};

static const char *const english[MONTHS] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};

/* What CLDR does not have: `Mrz` is written by Windows and SAP, the others where there is no umlaut. */
static const struct {
    const char *language, *name;
    unsigned month;
} others[] = {{"de", "Mrz", 3}, {"de", "Maerz", 3}, {"de", "Jaenner", 1}, {"de", "Jaen", 1}};

struct builder {
    struct month_names *names;
    size_t capacity;
    struct arena *arena;
};

static bool is_digit(uint32_t letter)
{
    return letter >= '0' && letter <= '9';
}

static uint32_t fold_sign(uint32_t letter)
{
    return letter == 0x2019 ? '\'' : letter;
}

static struct month_name *find_name(const struct month_names *names, const uint32_t *letters, size_t len)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->names[i].len == len &&
            memcmp(names->names[i].letters, letters, len * sizeof *letters) == 0)
            return &names->names[i];
    return NULL;
}

/* A name of two months names none, and neither do letters that begin names of two (`jui`, which some region
 * has for juin). */
static void add_letters(struct builder *builder, const uint32_t *letters, size_t len, unsigned month)
{
    struct month_names *names = builder->names;
    struct month_name *known = find_name(names, letters, len);
    if (known) {
        if (known->month != month)
            known->month = 0;
        return;
    }
    if (names->count == builder->capacity) {
        builder->capacity = builder->capacity ? builder->capacity * 2 : 64;
        names->names = memory_resize(names->names, builder->capacity, sizeof *names->names);
    }
    struct month_name *added = &names->names[names->count++];
    *added = (struct month_name){.len = len, .month = month};
    memcpy(added->letters, letters, len * sizeof *letters);
}

/* Names that begin with a digit are numbers with a word behind them (`1月`), which a format has as `M`. */
static void add_name(struct builder *builder, struct slice name, unsigned month)
{
    struct text_letters folded = text_fold_letters(name, builder->arena);
    while (folded.count && folded.codes[folded.count - 1] == '.')
        folded.count--;
    if (folded.count == 0 || folded.count > NAME_LETTERS_MAX || is_digit(folded.codes[0]))
        return;
    for (size_t i = 0; i < folded.count; i++)
        folded.codes[i] = fold_sign(folded.codes[i]);
    add_letters(builder, folded.codes, folded.count, month);
}

/* Once all names are there. */
static void add_prefixes(struct builder *builder)
{
    size_t count = builder->names->count;
    for (size_t i = 0; i < count; i++) {
        struct month_name name = builder->names->names[i];
        for (size_t len = PREFIX_MIN; name.month && len <= PREFIX_MAX && len < name.len; len++)
            add_letters(builder, name.letters, len, name.month);
    }
}

/* ICU fails here only for want of memory: locales are known ones. */
static void check(UErrorCode status)
{
    if (U_FAILURE(status))
        memory_out();
}

static void add_symbols(struct builder *builder, const UDateFormat *format, UDateFormatSymbolType type)
{
    for (int32_t month = 0; month < MONTHS; month++) {
        UChar wide[NAME_BYTES_MAX];
        char name[NAME_BYTES_MAX * 3 + 1];
        int32_t wide_len, len;
        UErrorCode status = U_ZERO_ERROR;
        wide_len = udat_getSymbols(format, type, month, wide, NAME_BYTES_MAX, &status);
        if (status == U_BUFFER_OVERFLOW_ERROR)
            continue;
        check(status);
        u_strToUTF8(name, sizeof name, &len, wide, wide_len, &status);
        check(status);
        add_name(builder, slice_make(name, (size_t)len), (unsigned)month + 1);
    }
}

/* The Gregorian names: Thai and Persian dates are by another calendar otherwise. */
static void add_locale(struct builder *builder, const char *locale)
{
    static const UDateFormatSymbolType types[] = {UDAT_MONTHS, UDAT_SHORT_MONTHS, UDAT_STANDALONE_MONTHS,
                                                  UDAT_STANDALONE_SHORT_MONTHS};
    UErrorCode status = U_ZERO_ERROR;
    struct slice name = arena_printf(builder->arena, "%s@calendar=gregorian", locale);
    UDateFormat *format = udat_open(UDAT_MEDIUM, UDAT_MEDIUM, name.data, NULL, 0, NULL, 0, &status);
    check(status);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        add_symbols(builder, format, types[i]);
    udat_close(format);
}

static size_t language_len(const char *locale)
{
    return strcspn(locale, "-_");
}

static bool has_language(const char *locale, const char *language, size_t len)
{
    return language_len(locale) == len && strncasecmp(locale, language, len) == 0;
}

static void add_language(struct builder *builder, const char *locale)
{
    size_t len = language_len(locale);
    for (int32_t i = 0; i < uloc_countAvailable(); i++)
        if (has_language(uloc_getAvailable(i), locale, len))
            add_locale(builder, uloc_getAvailable(i));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (has_language(others[i].language, locale, len))
            add_name(builder, slice_from(others[i].name), others[i].month);
}

const struct month_names *month_names_new(const char *locale, struct arena *arena)
{
    struct arena scratch;
    struct month_names *names = arena_alloc(arena, sizeof *names);
    *names = (struct month_names){0};
    struct builder builder = {.names = names, .arena = &scratch};
    arena_init(&scratch, 65536);
    if (!locale || has_language(locale, "en", 2))
        for (unsigned month = 0; month < MONTHS; month++)
            add_name(&builder, slice_from(english[month]), month + 1);
    else
        add_language(&builder, locale);
    add_prefixes(&builder);
    arena_clear(&scratch);

    struct month_name *found = names->names;
    names->names = arena_alloc(arena, (names->count + 1) * sizeof *found);
    if (names->count)
        memcpy(names->names, found, names->count * sizeof *found);
    free(found);
    return names->count ? names : NULL;
}

static bool begins_with(const struct text_letters *letters, const struct month_name *name)
{
    return letters->count >= name->len &&
           memcmp(letters->codes, name->letters, name->len * sizeof *name->letters) == 0 &&
           (letters->count == name->len || letters->starts[name->len] != letters->starts[name->len - 1]);
}

static unsigned find_longest(const struct month_names *names, const struct text_letters *letters, size_t end,
                             size_t *len)
{
    const struct month_name *longest = NULL;
    for (size_t i = 0; i < names->count; i++)
        if (names->names[i].letters[0] == letters->codes[0] &&
            (!longest || names->names[i].len > longest->len) && begins_with(letters, &names->names[i]))
            longest = &names->names[i];
    if (!longest)
        return 0;
    *len = letters->count == longest->len ? end : letters->starts[longest->len];
    return longest->month;
}

static unsigned read_ascii(const struct month_names *names, struct slice text, size_t *len)
{
    uint32_t codes[NAME_BYTES_MAX], starts[NAME_BYTES_MAX];
    struct text_letters letters = {.codes = codes, .starts = starts, .count = text.len};
    for (size_t i = 0; i < text.len; i++) {
        codes[i] = (uint32_t)ascii_lower(text.data[i]);
        starts[i] = (uint32_t)i;
    }
    return find_longest(names, &letters, text.len, len);
}

/* The whole characters of a text's first bytes; empty when they are not UTF-8. */
static struct slice first_chars(struct slice text)
{
    struct slice first = slice_make(text.data, text.len < NAME_BYTES_MAX ? text.len : NAME_BYTES_MAX);
    while (first.len < text.len && first.len > 0 && utf8_is_continuation(text.data[first.len]))
        first.len--;
    return utf8_is_valid(first) ? first : slice_make(text.data, 0);
}

unsigned month_names_read(const struct month_names *names, struct slice text, size_t *len)
{
    struct slice first = first_chars(text);
    if (first.len == 0)
        return 0;
    if (text_is_plain_ascii(first))
        return read_ascii(names, first, len);

    struct arena scratch;
    arena_init(&scratch, 8192);
    struct text_letters letters = text_fold_letters(first, &scratch);
    for (size_t i = 0; i < letters.count; i++)
        letters.codes[i] = fold_sign(letters.codes[i]);
    unsigned month = letters.count ? find_longest(names, &letters, first.len, len) : 0;
    arena_clear(&scratch);
    return month;
}

static bool is_available(const char *locale, size_t len)
{
    for (int32_t i = 0; i < uloc_countAvailable(); i++) {
        const char *known = uloc_getAvailable(i);
        size_t matching = 0;
        while (matching < len && known[matching] &&
               (ascii_lower(known[matching]) == ascii_lower(locale[matching]) ||
                (known[matching] == '_' && locale[matching] == '-')))
            matching++;
        if (matching == len && !known[len])
            return true;
    }
    return false;
}

bool month_names_are_known(const char *locale)
{
    return is_available(locale, strlen(locale));
}

/* The name of a locale's language, in English or in itself; empty when it is very long. */
static struct slice language_name(const char *locale, const char *in, struct arena *arena)
{
    UChar wide[NAME_BYTES_MAX];
    char text[NAME_BYTES_MAX * 3 + 1];
    int32_t wide_len, len;
    UErrorCode status = U_ZERO_ERROR;
    wide_len = uloc_getDisplayLanguage(locale, in, wide, NAME_BYTES_MAX, &status);
    if (status == U_BUFFER_OVERFLOW_ERROR)
        return slice_make("", 0);
    check(status);
    u_strToUTF8(text, sizeof text, &len, wide, wide_len, &status);
    check(status);
    return arena_copy(arena, slice_make(text, (size_t)len));
}

/* Every language, by its code and its English name. */
struct languages {
    const char **codes, **names; /* NULL-terminated */
    size_t count;
};

static void list_languages(struct languages *languages, struct arena *arena)
{
    size_t capacity = (size_t)uloc_countAvailable() + 1;
    *languages = (struct languages){.codes = arena_alloc(arena, capacity * sizeof *languages->codes),
                                    .names = arena_alloc(arena, capacity * sizeof *languages->names)};
    for (int32_t i = 0; i < uloc_countAvailable(); i++) {
        const char *code = uloc_getAvailable(i);
        if (strchr(code, '_'))
            continue;
        languages->codes[languages->count] = code;
        languages->names[languages->count++] = language_name(code, "en", arena).data;
    }
    languages->codes[languages->count] = languages->names[languages->count] = NULL;
}

const char *month_names_nearest(struct slice locale, struct arena *arena)
{
    struct languages languages;
    list_languages(&languages, arena);
    for (size_t i = 0; i < languages.count; i++) {
        const char *code = languages.codes[i];
        if (strcasecmp(uloc_getISO3Language(code), locale.data) == 0 ||
            has_language(code, locale.data, language_len(locale.data)) ||
            strcasecmp(languages.names[i], locale.data) == 0 ||
            strcasecmp(language_name(code, code, arena).data, locale.data) == 0)
            return code;
    }
    if (locale.len < PREFIX_MIN) /* every code of two letters is near */
        return NULL;
    for (size_t i = 0; i < languages.count; i++)
        if (strncasecmp(languages.names[i], locale.data, locale.len) == 0)
            return languages.codes[i];
    const char *name = locale.len > PREFIX_MAX ? text_nearest(locale, languages.names) : NULL;
    for (size_t i = 0; name && i < languages.count; i++)
        if (languages.names[i] == name)
            return languages.codes[i];
    return text_nearest(locale, languages.codes);
}
