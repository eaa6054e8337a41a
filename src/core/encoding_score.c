#include "core/encoding_score.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/ulocdata.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uset.h>
#include <unicode/ustring.h>

#include "core/memory.h"
#include "core/utf8.h"

enum {
    LANGUAGES_MAX = 64,
    NAME_SIZE = 12,
    LETTERS_MAX = 4096, /* distinct ones that are counted */
    /* Points. A letter of the language is worth 20 for each byte that it may stand for. */
    GOOD = 20,
    WORD_FAULT = -90, /* two scripts, a capital behind a small letter */
    SIGN_IN_WORD = -90,
    SIGN_ALONE = -8,
    NO_CHARACTER = -100, /* C1, private use, unassigned */
};

struct language {
    char name[NAME_SIZE];
    USet *standard, *auxiliary;
};

struct encoding_languages {
    struct language items[LANGUAGES_MAX];
    size_t count;
};

/* The letters that make up most of a text, and the vowels without which a longer word hardly exists. */
static const struct {
    UScriptCode script;
    const char *frequent, *vowels;
} alphabets[] = {
    {USCRIPT_CYRILLIC, "оеаинтсрвлкмдпуі", "аеёиоуыэюяіїєў"},
    {USCRIPT_GREEK, "αοιετσνηυρπκμλςάέίό", "αεηιουωάέήίόύώϊϋΐΰ"},
};

/* Letters that texts of a language hold in older encodings, beside those of the CLDR. */
static const struct {
    const char *language, *letters;
} older_letters[] = {{"ro", "şţŞŢ"}, {"it", "àèéìòùÀÈÉÌÒÙî"}, {"pt", "ãõçáéíóúâêôàü"}, {"es", "ªº"}};

struct encoding_languages *encoding_languages_new(void)
{
    return memory_new(1, sizeof(struct encoding_languages));
}

void encoding_languages_free(struct encoding_languages *languages)
{
    for (size_t i = 0; i < languages->count; i++) {
        uset_close(languages->items[i].standard);
        uset_close(languages->items[i].auxiliary);
    }
    free(languages);
}

static void add_letters(USet *set, const char *letters)
{
    struct slice rest = slice_from(letters);

    while (rest.len) {
        struct utf8_char letter = utf8_first(rest);
        uset_add(set, (UChar32)letter.code);
        rest = slice_skip(rest, letter.len);
    }
}

static USet *read_set(const char *name, ULocaleDataExemplarSetType type)
{
    UErrorCode status = U_ZERO_ERROR;
    ULocaleData *data = ulocdata_open(name, &status);
    USet *set =
        U_SUCCESS(status) ? ulocdata_getExemplarSet(data, NULL, USET_ADD_CASE_MAPPINGS, type, &status) : NULL;

    ulocdata_close(data);
    return set ? set : uset_openEmpty();
}

static const struct language *find_language(struct encoding_languages *languages, const char *name,
                                            size_t len)
{
    for (size_t i = 0; i < languages->count; i++)
        if (strncmp(languages->items[i].name, name, len) == 0 && languages->items[i].name[len] == '\0')
            return &languages->items[i];
    if (languages->count == LANGUAGES_MAX || len >= NAME_SIZE)
        return NULL;
    struct language *item = &languages->items[languages->count++];
    memcpy(item->name, name, len);
    item->standard = read_set(item->name, ULOCDATA_ES_STANDARD);
    item->auxiliary = read_set(item->name, ULOCDATA_ES_AUXILIARY);
    for (size_t i = 0; i < sizeof older_letters / sizeof *older_letters; i++)
        if (strcmp(item->name, older_letters[i].language) == 0)
            add_letters(item->standard, older_letters[i].letters);
    return item;
}

/* Of equal texts, the one of a language with fewer writers loses: Turkish words are often Icelandic ones by
 * their letters. Percent. */
static const struct {
    const char *language;
    long percent;
} rare_languages[] = {{"is", 92}, {"ga", 96}, {"sq", 96}};

static long weight_of(const char *name)
{
    for (size_t i = 0; i < sizeof rare_languages / sizeof *rare_languages; i++)
        if (strcmp(name, rare_languages[i].language) == 0)
            return rare_languages[i].percent;
    return 100;
}

/* The candidate's text, and what was found in it. */
struct findings {
    uint32_t *counts; /* of each code of the BMP from 0x80 on */
    long points;
};

static bool is_wide(UChar32 code)
{
    return code >= 0x1100;
}

/* Signs of any text: quotes, dashes, `№`, and those of Chinese and Japanese. */
static bool is_usual_sign(UChar32 code)
{
    static const uint16_t signs[] = {0xa0,   0xa1,   0xa7,   0xa9,   0xab,   0xae,   0xb0,   0xb4,
                                     0xb7,   0xbb,   0xbf,   0x2013, 0x2014, 0x2018, 0x2019, 0x201a,
                                     0x201c, 0x201d, 0x201e, 0x2026, 0x20ac, 0x2116, 0x2122};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (code == signs[i])
            return true;
    return (code >= 0x3000 && code < 0x3040) || (code >= 0xff01 && code < 0xff20);
}

static bool is_apostrophe(UChar32 code)
{
    return code == '\'' || code == 0x2019 || code == 0x2bc || code == 0xb4 || code == 0xb7;
}

static bool is_letter(UChar32 code)
{
    return code < 0x80 ? ((code | 0x20) >= 'a' && (code | 0x20) <= 'z')
                       : (U_MASK(u_charType(code)) & (U_GC_L_MASK | U_GC_M_MASK)) != 0;
}

static bool is_no_character(UChar32 code)
{
    int8_t type = u_charType(code);

    return (code >= 0x80 && code < 0xa0) || code == 0xfffd || code > 0xffff || type == U_PRIVATE_USE_CHAR ||
           type == U_UNASSIGNED || type == U_SURROGATE || (code >= 0xe000 && code < 0xf900);
}

/* Kana and kanji are one: a Japanese word has both. */
static UScriptCode script_of(UChar32 code)
{
    UErrorCode status = U_ZERO_ERROR;
    UScriptCode script = uscript_getScript(code, &status);

    if (script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA)
        return USCRIPT_HAN;
    return script == USCRIPT_INHERITED ? USCRIPT_COMMON : script;
}

static bool holds(const char *letters, UChar32 code)
{
    char text[UTF8_CHAR_MAX + 1] = "";

    utf8_encode((uint32_t)code, text);
    return strstr(letters, text) != NULL;
}

static long judge_vowels(UScriptCode script, const uint32_t *word, size_t len)
{
    for (size_t i = 0; i < sizeof alphabets / sizeof *alphabets; i++) {
        bool has_vowel = script != alphabets[i].script || len < 3;
        for (size_t j = 0; j < len && !has_vowel; j++)
            has_vowel = holds(alphabets[i].vowels, u_tolower((UChar32)word[j]));
        if (!has_vowel)
            return WORD_FAULT / 2;
    }
    return 0;
}

static bool is_latin_vowel(UChar32 code)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *plain = unorm2_getNFDInstance(&status);
    UChar taken_apart[8] = {0};

    if (U_SUCCESS(status) && unorm2_getRawDecomposition(plain, code, taken_apart, 8, &status) > 0)
        return is_latin_vowel(taken_apart[0]);
    return holds("aeiouyæœøı", u_tolower(code));
}

/* Four consonants or vowels in a row with a letter from 0x80 on among them are hardly a name: `Mźnchen`. */
static long judge_runs(const uint32_t *word, size_t len)
{
    size_t run = 0;
    bool is_vowel = false, has_high = false;

    for (size_t i = 0; i < len; i++) {
        bool same = i && is_latin_vowel((UChar32)word[i]) == is_vowel;
        is_vowel = same ? is_vowel : is_latin_vowel((UChar32)word[i]);
        has_high = (same && has_high) || word[i] >= 0x80;
        run = same ? run + 1 : 1;
        if (run == 4 && has_high)
            return WORD_FAULT / 3;
    }
    return 0;
}

/* The points that a word loses; one without a letter from 0x80 on proves nothing. */
static long judge_word(const uint32_t *word, size_t len)
{
    UScriptCode script = USCRIPT_COMMON;
    bool has_high = false, is_mixed = false, breaks = false;
    size_t capitals = 0;

    for (size_t i = 0; i < len; i++) {
        UChar32 code = (UChar32)word[i];
        UScriptCode own = script_of(code);
        bool near_high = code >= 0x80 || (i && word[i - 1] >= 0x80);
        has_high |= code >= 0x80;
        is_mixed |= own != USCRIPT_COMMON && script != USCRIPT_COMMON && own != script;
        if (own != USCRIPT_COMMON)
            script = own;
        breaks |= near_high && i && u_isupper(code) && u_islower((UChar32)word[i - 1]);
        breaks |= has_high && capitals >= 2 && capitals == i && u_islower(code) && i + 1 < len;
        capitals += u_isupper(code) != 0;
    }
    if (!has_high)
        return 0;
    if (len == 1 && script == USCRIPT_LATIN && !holds("àèéóôíúÀÈÉ", (UChar32)word[0]))
        return WORD_FAULT;
    long points = judge_vowels(script, word, len) + (script == USCRIPT_LATIN ? judge_runs(word, len) : 0);
    if (len > 2 && word[0] >= 0x80 && u_islower((UChar32)word[0]))
        points += WORD_FAULT / 3;
    return points + (is_mixed ? WORD_FAULT : 0) + (breaks ? WORD_FAULT : 0);
}

static long judge_sign(const uint32_t *codes, size_t count, size_t i)
{
    UChar32 code = (UChar32)codes[i];
    bool before = i > 0 && is_letter((UChar32)codes[i - 1]);
    bool after = i + 1 < count && is_letter((UChar32)codes[i + 1]);

    if (is_no_character(code))
        return NO_CHARACTER;
    if (is_apostrophe(code))
        return before && after ? GOOD : 0;
    if (is_usual_sign(code) && !(before && after))
        return 0;
    return before || after ? SIGN_IN_WORD : SIGN_ALONE;
}

static void read_text(struct findings *findings, const uint32_t *codes, size_t count)
{
    size_t start = 0;

    for (size_t i = 0; i <= count; i++) {
        bool in_word = i < count && is_letter((UChar32)codes[i]);
        if (!in_word && i > start)
            findings->points += judge_word(codes + start, i - start);
        if (!in_word)
            start = i + 1;
        if (i == count || codes[i] < 0x80)
            continue;
        if (codes[i] <= 0xffff)
            findings->counts[codes[i]]++;
        if (!in_word || is_no_character((UChar32)codes[i]))
            findings->points += judge_sign(codes, count, i);
    }
}

static long value_of(const struct language *language, UChar32 code)
{
    UScriptCode script = script_of(code);
    long times = is_wide(code) ? 2 : 1, good = GOOD;

    if (code >= 0xff61 && code <= 0xff9f)
        return -10;
    if (!uset_contains(language->standard, code))
        return uset_contains(language->auxiliary, code) ? 2 : -15 * times;
    for (size_t i = 0; i < sizeof alphabets / sizeof *alphabets; i++)
        if (script == alphabets[i].script)
            good += holds(alphabets[i].frequent, u_tolower(code)) ? 6 : -10;
    return good * times;
}

/* Names and towns are also of other languages that the encoding serves. */
static long value_beside(struct encoding_languages *languages, const char *names, UChar32 code)
{
    for (const char *name = names; *name;) {
        size_t len = strcspn(name, " ");
        const struct language *language = find_language(languages, name, len);
        if (language && uset_contains(language->standard, code))
            return is_wide(code) ? 0 : 8;
        name += len + strspn(name + len, " ");
    }
    return -15;
}

static long judge_language(struct encoding_languages *languages, const struct language *language,
                           const char *names, const struct encoding_candidate *candidate)
{
    long points = 0;

    for (size_t i = 0; i < candidate->letter_count; i++) {
        UChar32 code = (UChar32)candidate->letters[i].code;
        if (!is_letter(code))
            continue;
        long value = value_of(language, code);
        long beside = value < 8 ? value_beside(languages, names, code) : value;
        points += (value > beside ? value : beside) * (long)candidate->letters[i].count;
    }
    return points;
}

static int by_count(const void *a, const void *b)
{
    const struct encoding_letter *first = a, *second = b;

    if (first->count != second->count)
        return first->count < second->count ? 1 : -1;
    return (first->code > second->code) - (first->code < second->code);
}

static void list_letters(const struct findings *findings, struct arena *arena,
                         struct encoding_candidate *candidate)
{
    size_t count = 0;

    for (uint32_t code = 0x80; code <= 0xffff; code++)
        count += findings->counts[code] > 0;
    struct encoding_letter *letters = arena_alloc(arena, (count + 1) * sizeof *letters);
    count = 0;
    for (uint32_t code = 0x80; code <= 0xffff; code++)
        if (findings->counts[code])
            letters[count++] = (struct encoding_letter){code, findings->counts[code]};
    qsort(letters, count, sizeof *letters, by_count);
    candidate->letters = letters;
    candidate->letter_count = count < LETTERS_MAX ? count : LETTERS_MAX;
}

/* `Polish` of `pl`. */
static const char *display_name(const char *language, struct arena *arena)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar units[64];
    char name[64];
    int32_t len = uloc_getDisplayName(language, "en", units, 64, &status);

    if (U_FAILURE(status) || len >= 64)
        return language;
    u_UCharsToChars(units, name, len); /* English names are ASCII */
    return arena_copy(arena, slice_make(name, (size_t)len)).data;
}

void encoding_score(struct encoding_languages *languages, const uint32_t *codes, size_t count, size_t bytes,
                    const char *names, struct arena *arena, struct encoding_candidate *candidate)
{
    struct findings findings = {.counts = memory_new(0x10000, sizeof *findings.counts)};
    long best = 0;
    const char *found = NULL;

    read_text(&findings, codes, count);
    list_letters(&findings, arena, candidate);
    for (const char *name = names; *name;) {
        size_t len = strcspn(name, " ");
        const struct language *language = find_language(languages, name, len);
        long points = language ? judge_language(languages, language, names, candidate) : 0;
        points = language && points > 0 ? points * weight_of(language->name) / 100 : points;
        if (language && (!found || points > best)) {
            best = points;
            found = language->name;
        }
        name += len + strspn(name + len, " ");
    }
    candidate->language = found ? display_name(found, arena) : NULL;
    long points = (findings.points + best + NO_CHARACTER * (long)candidate->malformed) * 100 / GOOD;
    candidate->score = (int)(bytes ? points / (long)bytes : 0);
    free(findings.counts);
}
