#include "core/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <utf8proc.h>

#include "core/ascii.h"
#include "core/utf8.h"

/* Letters without a decomposition in Unicode that other keyboards lack. */
static const char *spell_letter(utf8proc_int32_t code)
{
    switch (code) {
    case 0x00e6:
        return "ae";
    case 0x00f0:
    case 0x0111:
        return "d";
    case 0x00f8:
        return "o";
    case 0x00fe:
        return "th";
    case 0x0131:
        return "i";
    case 0x0142:
        return "l";
    case 0x0153:
        return "oe";
    default:
        return NULL;
    }
}

static bool is_dropped_in_names(utf8proc_int32_t code)
{
    switch (code) {
    case '.':
    case '\'':
    case '`':
    case 0xb4:
    case 0x2018:
    case 0x2019:
    case 0x2bb:
    case 0x2bc:
        return true;
    default:
        return false;
    }
}

static bool is_letter_or_digit(utf8proc_int32_t code)
{
    utf8proc_category_t category = utf8proc_category(code);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           category == UTF8PROC_CATEGORY_ND;
}

struct name_writer {
    char *next;
    size_t len;
    bool blank_waits;
};

static void write_letters(struct name_writer *writer, const void *bytes, size_t len)
{
    if (writer->blank_waits && writer->len > 0)
        writer->next[writer->len++] = ' ';
    writer->blank_waits = false;
    memcpy(writer->next + writer->len, bytes, len);
    writer->len += len;
}

static void write_char(struct name_writer *writer, utf8proc_int32_t code)
{
    const char *spelt = spell_letter(code);
    if (spelt) {
        write_letters(writer, spelt, strlen(spelt));
    } else if (is_dropped_in_names(code)) {
        return;
    } else if (!is_letter_or_digit(code)) {
        writer->blank_waits = true;
    } else {
        char bytes[UTF8_CHAR_MAX];
        write_letters(writer, bytes, utf8_encode((uint32_t)code, bytes));
    }
}

static struct slice fold_ascii_name(struct slice text, struct arena *arena)
{
    struct name_writer writer = {arena_bytes(arena, text.len * 2), 0, false};
    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_lower(text.data[i]);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            write_letters(&writer, &c, 1);
        else if (c != '.' && c != '\'' && c != '`')
            writer.blank_waits = true;
    }
    return slice_make(writer.next, writer.len);
}

struct slice text_name_key(struct slice text, struct arena *arena)
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

struct slice text_fold_name(struct slice text, struct arena *arena)
{
    if (text_is_plain_ascii(text))
        return fold_ascii_name(text, arena);

    const utf8proc_option_t options =
        UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
    const utf8proc_uint8_t *cursor = (const utf8proc_uint8_t *)text.data;
    utf8proc_ssize_t count = utf8proc_decompose(cursor, (utf8proc_ssize_t)text.len, NULL, 0, options);
    assert(count >= 0);
    size_t capacity = (size_t)count;
    utf8proc_int32_t *codes = arena_alloc(arena, (capacity + 1) * sizeof *codes);
    utf8proc_decompose(cursor, (utf8proc_ssize_t)text.len, codes, count, options);

    /* A blank and four bytes: the most that one character becomes. */
    struct name_writer writer = {arena_bytes(arena, capacity * 5), 0, false};
    for (size_t i = 0; i < capacity; i++)
        write_char(&writer, codes[i]);
    return slice_make(writer.next, writer.len);
}

bool text_is_formula(struct slice text)
{
    return text.len > 0 && memchr("=+-@\t\r", text.data[0], 6);
}

enum { LETTERS_OF_CHAR_MAX = 18 }; /* of U+FDFA */

/* Adds the letters of one character that begins at start. */
static void add_letters(struct text_letters *letters, utf8proc_int32_t code, size_t start)
{
    const utf8proc_option_t options =
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
    utf8proc_int32_t codes[LETTERS_OF_CHAR_MAX];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(code, codes, LETTERS_OF_CHAR_MAX, options, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < LETTERS_OF_CHAR_MAX; i++) {
        const char *spelt = spell_letter(codes[i]);
        for (size_t j = 0; spelt ? spelt[j] != '\0' : j == 0; j++) {
            letters->codes[letters->count] = spelt ? (uint32_t)spelt[j] : (uint32_t)codes[i];
            letters->starts[letters->count++] = (uint32_t)start;
        }
    }
}

struct text_letters text_fold_letters(struct slice text, struct arena *arena)
{
    bool plain = text_is_plain_ascii(text);
    /* The three bytes of U+FDFA become 18 letters: no other character has more for a byte. */
    size_t capacity = plain ? text.len : text.len * LETTERS_OF_CHAR_MAX / 3;
    struct text_letters letters = {.codes = arena_alloc(arena, (capacity + 1) * sizeof *letters.codes),
                                   .starts = arena_alloc(arena, (capacity + 1) * sizeof *letters.starts)};
    for (size_t offset = 0; offset < text.len;) {
        uint32_t code;
        size_t len = utf8_decode(slice_skip(text, offset), &code);
        assert(len > 0);
        if (code >= 0x80) {
            add_letters(&letters, (utf8proc_int32_t)code, offset);
        } else {
            letters.codes[letters.count] = (uint32_t)ascii_lower((char)code);
            letters.starts[letters.count++] = (uint32_t)offset;
        }
        offset += len;
    }
    return letters;
}

static struct slice upper_unicode(struct slice text, struct arena *arena)
{
    /* A capital may be longer than its small letter: ɐ has two bytes, Ɐ three. */
    char *out = arena_bytes(arena, text.len * UTF8_CHAR_MAX);
    size_t out_len = 0;
    while (text.len > 0) {
        uint32_t code;
        size_t len = utf8_decode(text, &code);
        assert(len > 0);
        text = slice_skip(text, len);
        out_len += utf8_encode((uint32_t)utf8proc_toupper((utf8proc_int32_t)code), out + out_len);
    }
    return slice_make(out, out_len);
}

struct slice text_upper(struct slice text, struct arena *arena)
{
    bool changes = false;
    if (!ascii_only(text))
        return upper_unicode(text, arena);
    for (size_t i = 0; i < text.len; i++)
        changes |= text.data[i] >= 'a' && text.data[i] <= 'z';
    if (!changes)
        return text;
    char *out = arena_bytes(arena, text.len);
    for (size_t i = 0; i < text.len; i++)
        out[i] = text.data[i] >= 'a' && text.data[i] <= 'z' ? (char)(text.data[i] & ~0x20) : text.data[i];
    return slice_make(out, text.len);
}

enum { NEAREST_LEN_MAX = 63, BEGINNING_MIN = 4, NAMES_SHOWN_MAX = 700 };

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein in its common restricted form: no part is edited twice. */
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][NEAREST_LEN_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        now[0] = i;
        char x = ascii_lower(a.data[i - 1]);
        for (size_t j = 1; j <= b.len; j++) {
            char y = ascii_lower(b.data[j - 1]);
            now[j] = least_of(least_of(last[j], now[j - 1]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == ascii_lower(b.data[j - 2]) && ascii_lower(a.data[i - 2]) == y)
                now[j] = least_of(now[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b.len];
}

const char *text_nearest_within(struct slice word, const char *const *words, size_t max)
{
    if (word.len > NEAREST_LEN_MAX)
        return NULL;
    const char *nearest = NULL;
    size_t min = max;
    for (; *words; words++) {
        struct slice other = slice_from(*words);
        if (other.len > NEAREST_LEN_MAX)
            continue;
        size_t found = distance(word, other);
        if (found < min || (found == min && !nearest)) {
            nearest = *words;
            min = found;
        }
    }
    return nearest;
}

const char *text_nearest(struct slice word, const char *const *words)
{
    return text_nearest_within(word, words, word.len / 3 > 2 ? word.len / 3 : 2);
}

/* The one word of which `word` is the beginning, and at least a half; NULL: none, or several. */
static const char *find_beginning(struct slice word, const char *const *words)
{
    const char *found = NULL;
    if (word.len < BEGINNING_MIN || word.len > NEAREST_LEN_MAX)
        return NULL;
    for (; *words; words++) {
        struct slice other = slice_from(*words);
        if (other.len <= word.len || other.len > 2 * word.len ||
            distance(word, slice_make(other.data, word.len)) > 0)
            continue;
        if (found)
            return NULL;
        found = *words;
    }
    return found;
}

const char *text_nearest_value(struct slice word, const char *const *words)
{
    const char *nearest = text_nearest_within(word, words, word.len / 4 > 1 ? word.len / 4 : 1);
    return nearest ? nearest : find_beginning(word, words);
}

void text_join_names(const char *const *names, const char *last, char out[TEXT_HINT_SIZE])
{
    size_t len = 0;
    *out = '\0';
    for (size_t i = 0; names[i] && len < NAMES_SHOWN_MAX; i++)
        len += (size_t)snprintf(out + len, TEXT_HINT_SIZE - len, "%s%s",
                                i == 0         ? ""
                                : names[i + 1] ? ", "
                                               : last,
                                names[i]);
}

void text_hint_names(struct slice word, const char *const *words, char hint[TEXT_HINT_SIZE])
{
    static const char all[] = "the names are ";
    const char *nearest = text_nearest(word, words);
    char names[TEXT_HINT_SIZE];
    if (nearest) {
        snprintf(hint, TEXT_HINT_SIZE, "did you mean `%s`?", nearest);
        return;
    }
    text_join_names(words, ", ", names);
    snprintf(hint, TEXT_HINT_SIZE, "%s%.*s", all, (int)(TEXT_HINT_SIZE - sizeof all), names);
}
