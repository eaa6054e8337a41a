#include "core/text.h"
#include "core/utf8.h"

#include <assert.h>
#include <string.h>

#include <utf8proc.h>

enum { CHAR_NUL = 0, CHAR_BLANK = 0x20, CHAR_DELETE = 0x7f, CHAR_ZWNJ = 0x200c, CHAR_ZWJ = 0x200d };
enum { CHAR_SOFT_HYPHEN = 0xad, CHAR_REPLACEMENT = 0xfffd, CHAR_FIRST_MARK = 0x300, CHAR_ENCODED_MAX = 4 };

struct char_range {
    uint32_t first, last;
};

static const uint64_t ones = UINT64_C(0x0101010101010101);
static const uint64_t highs = UINT64_C(0x8080808080808080);

static uint64_t load_word(const char *cursor)
{
    uint64_t word;
    memcpy(&word, cursor, sizeof word);
    return word;
}

/* A text of 1 to 7 bytes, filled up with a letter; without a loop, as most cells end in one. */
static uint64_t load_short(const char *cursor, size_t len)
{
    const uint64_t letters = UINT64_C(0x6161616161616161);
    if (len >= 4) {
        uint32_t first, last;
        memcpy(&first, cursor, sizeof first);
        memcpy(&last, cursor + len - sizeof last, sizeof last);
        return first | (uint64_t)last << 8 * (len - 4) | letters << 8 * len;
    }
    uint64_t first = (uint8_t)cursor[0], middle = (uint8_t)cursor[len / 2], last = (uint8_t)cursor[len - 1];
    return first | middle << 8 * (len / 2) | last << 8 * (len - 1) | letters << 8 * len;
}

/* The high bit of each byte that is 0x20–0x7E, where all are: adding 0x60 sets that of a byte from 0x20 on,
 * adding 1 that of 0x7F, and no sum carries into its neighbour when the high bits are clear. */
static uint64_t find_plain(uint64_t word)
{
    return (word + 0x60 * ones) & ~((word + ones) | word) & highs;
}

static bool word_is_plain(uint64_t word)
{
    return find_plain(word) == highs;
}

bool text_is_plain_ascii(struct slice text)
{
    if (text.len < 8)
        return text.len == 0 || word_is_plain(load_short(text.data, text.len));
    for (size_t offset = 0; offset + 8 < text.len; offset += 8)
        if (!word_is_plain(load_word(text.data + offset)))
            return false;
    return word_is_plain(load_word(text.data + text.len - 8));
}

/* The high bit of each byte of a plain word that text_may_be_escaped does not look for: `&` exactly, and what
 * has the bits 0x1c set, which are `\ < = > ?`, and beside these only ] ^ _ | } ~. */
static uint64_t find_unescaped(uint64_t word)
{
    return ((word ^ ('&' * ones)) + 0x7f * ones) & ~((word & 0x1c * ones) + 0x64 * ones) & highs;
}

static bool word_may_be_escaped(uint64_t word)
{
    return (find_unescaped(word) & ~word) != highs;
}

bool text_may_be_escaped(struct slice text)
{
    if (text.len < 8)
        return text.len > 0 && word_may_be_escaped(load_short(text.data, text.len));
    for (size_t offset = 0; offset + 8 < text.len; offset += 8)
        if (word_may_be_escaped(load_word(text.data + offset)))
            return true;
    return word_may_be_escaped(load_word(text.data + text.len - 8));
}

enum ascii_kind { ASCII_CLEAN, ASCII_DOUBLE_BLANK, ASCII_NOT_PLAIN };

/* The high bit of each byte that is a blank, in a plain word. */
static uint64_t find_blanks(uint64_t word)
{
    return ~((word ^ (0x20 * ones)) + 0x7f * ones) & highs;
}

/* What all words of a text have in common; without a branch for each. */
struct ascii_scan {
    uint64_t plain, unescaped; /* the high bits of find_plain and find_unescaped */
    uint64_t doubled;          /* not 0: two blanks meet */
};

static inline void scan_word(struct ascii_scan *scan, uint64_t word)
{
    uint64_t blanks = find_blanks(word);
    scan->plain &= find_plain(word);
    scan->unescaped &= find_unescaped(word);
    scan->doubled |= blanks & blanks << 8;
}

/* Whether a text is plain ASCII, and if so, whether two blanks meet in it, and whether it may be escaped.
 * Words step by seven bytes, so that each pair of neighbours is in one word; the last word ends with the
 * text.
 */
static inline enum ascii_kind scan_ascii(struct slice text, bool *may_be_escaped)
{
    struct ascii_scan scan = {.plain = highs, .unescaped = highs};
    size_t last = text.len < 8 ? 0 : text.len - 8;
    for (size_t offset = 0; offset < last; offset += 7)
        scan_word(&scan, load_word(text.data + offset));
    if (text.len > 0)
        scan_word(&scan, text.len < 8 ? load_short(text.data, text.len) : load_word(text.data + last));
    *may_be_escaped = scan.unescaped != highs;
    if (scan.plain != highs)
        return ASCII_NOT_PLAIN;
    return scan.doubled ? ASCII_DOUBLE_BLANK : ASCII_CLEAN;
}

/* Control characters of C1 and characters of private use occur in texts that were decoded by the wrong
 * encoding: a byte of windows-1252 that was taken for latin1 (U+0092 for ’), or a letter that only one
 * program has. */
static bool is_damage(uint32_t code)
{
    return code == CHAR_NUL || code == CHAR_REPLACEMENT || (code >= 0x80 && code < 0xa0) ||
           (code >= 0xe000 && code <= 0xf8ff) || code >= 0xf0000;
}

size_t text_find_damage(struct slice text, uint32_t *code)
{
    for (size_t i = 0, len; i < text.len; i += len) {
        len = utf8_decode(slice_skip(text, i), code);
        if (len == 0)
            *code = TEXT_NO_CHAR;
        if (len == 0 || is_damage(*code))
            return i;
    }
    return text.len;
}

static bool in_ranges(uint32_t code, const struct char_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}
#define IN_RANGES(code, ranges) in_ranges(code, ranges, sizeof(ranges) / sizeof *(ranges))

static bool is_blank(uint32_t code)
{
    if (code <= CHAR_BLANK)
        return text_is_blank((char)code);
    if (code < 0x1680)
        return code == 0xa0;
    static const struct char_range blanks[] = {
        {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029},
        {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
    };
    return IN_RANGES(code, blanks);
}

/* ASCII control characters that are no blanks, and format characters (Unicode's Cf) that show nothing:
 * zero-width, bidirectional, annotations, tags. */
static bool is_invisible(uint32_t code)
{
    if (code < 0xa0)
        return code < CHAR_BLANK || code == CHAR_DELETE;
    if (code < CHAR_FIRST_MARK)
        return code == CHAR_SOFT_HYPHEN;
    static const struct char_range invisible[] = {
        {0x061c, 0x061c}, {0x180e, 0x180e}, {0x200b, 0x200f}, {0x202a, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    return IN_RANGES(code, invisible);
}

/* Characters that are in normal form C whatever their neighbours are: no decomposition, combining class 0,
 * and never the second of a composed pair. Not all such, only the most frequent: a miss costs time alone. */
static bool is_surely_composed(uint32_t code)
{
    if (code < CHAR_FIRST_MARK)
        return true;
    static const struct char_range composed[] = {
        {0x0400, 0x0482}, {0x048a, 0x052f}, {0x1e00, 0x1e99}, {0x1ea0, 0x1ef9}, {0x0388, 0x03ff},
        {0x2010, 0x2027}, {0x2030, 0x205e}, {0x05d0, 0x05ea}, {0x0621, 0x063a}, {0x0641, 0x064a},
        {0x3041, 0x3096}, {0x30a1, 0x30fa}, {0x4e00, 0x9fff}, {0xac00, 0xd7a3},
    };
    return IN_RANGES(code, composed);
}

/* A letter or mark of a script in which ZWJ and ZWNJ change what is written: Arabic and its neighbours, the
 * scripts of India and South-East Asia, Mongolian. */
static bool takes_joiners(uint32_t code)
{
    static const struct char_range scripts[] = {
        {0x0600, 0x08ff}, {0x0900, 0x0dff}, {0x0f00, 0x109f}, {0x1780, 0x18af},   {0x1a20, 0x1aaf},
        {0x1b00, 0x1c4f}, {0xa800, 0xabff}, {0xfb50, 0xfdff}, {0x10a00, 0x10fff}, {0x11000, 0x11fff},
    };
    if (!IN_RANGES(code, scripts))
        return false;
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME;
}

static bool joiner_is_needed(uint32_t before, struct slice rest)
{
    uint32_t after;
    return rest.len > 0 && utf8_decode(rest, &after) > 0 && takes_joiners(before) && takes_joiners(after);
}

static bool is_joiner(uint32_t code)
{
    return code == CHAR_ZWJ || code == CHAR_ZWNJ;
}

struct survey {
    bool is_text;     /* UTF-8 without damage */
    bool is_clean;    /* blanks and visible characters as they should be */
    bool is_composed; /* in normal form C for sure */
};

static struct survey survey_text(struct slice text)
{
    struct survey survey = {true, true, true};
    uint32_t before = 0;
    while (text.len > 0) {
        uint32_t code;
        size_t len = utf8_decode(text, &code);
        if (len == 0 || is_damage(code)) {
            survey.is_text = false;
            return survey;
        }
        text = slice_skip(text, len);
        if (code == CHAR_BLANK ? before == CHAR_BLANK : is_blank(code) || is_invisible(code))
            survey.is_clean = false;
        survey.is_composed &= is_surely_composed(code);
        before = code;
    }
    return survey;
}

/* Blanks folded, invisible characters gone; out has the capacity for the whole source. */
static enum text_fault clean_into(struct slice source, struct slice *text, char *out)
{
    enum text_fault fault = TEXT_OK;
    bool blank_waits = false;
    uint32_t before = 0;
    size_t out_len = 0;
    while (source.len > 0) {
        uint32_t code;
        const char *start = source.data;
        size_t len = utf8_decode(source, &code);
        assert(len > 0);
        source = slice_skip(source, len);
        if (is_blank(code)) {
            blank_waits = out_len > 0;
            continue;
        }
        bool needed = is_joiner(code) && !blank_waits && joiner_is_needed(before, source);
        if (is_invisible(code) && !needed) {
            fault = TEXT_INVISIBLE;
            continue;
        }
        if (blank_waits)
            out[out_len++] = ' ';
        blank_waits = false;
        memcpy(out + out_len, start, len);
        out_len += len;
        before = code;
    }
    *text = slice_make(out, out_len);
    return fault;
}

static struct slice compose(struct slice text, struct arena *arena)
{
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    const utf8proc_uint8_t *cursor = (const utf8proc_uint8_t *)text.data;
    utf8proc_ssize_t count = utf8proc_decompose(cursor, (utf8proc_ssize_t)text.len, NULL, 0, options);
    assert(count >= 0);

    /* utf8proc_reencode writes in place, and a NUL behind. */
    utf8proc_int32_t *codes = arena_alloc(arena, ((size_t)count + 1) * sizeof *codes);
    utf8proc_decompose(cursor, (utf8proc_ssize_t)text.len, codes, count, options);
    utf8proc_ssize_t len = utf8proc_reencode(codes, count, options);
    assert(len >= 0);
    return slice_make((const char *)codes, (size_t)len);
}

static __attribute__((noinline)) struct slice fold_ascii_blanks(struct slice text, struct arena *arena)
{
    char *out = arena_bytes(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != ' ' || text.data[i - 1] != ' ')
            out[len++] = text.data[i];
    return slice_make(out, len);
}

/* Kept apart, so that the way of plain ASCII stays short. */
static __attribute__((noinline)) enum text_fault normalize_unicode(struct slice text, struct arena *arena,
                                                                   struct slice *out)
{
    struct survey survey = survey_text(text);
    *out = survey.is_text ? text : slice_make(text.data, 0);
    if (!survey.is_text)
        return TEXT_ENCODING;
    enum text_fault fault = TEXT_OK;
    if (!survey.is_clean)
        fault = clean_into(text, out, arena_bytes(arena, text.len));
    if (!survey.is_composed)
        *out = compose(*out, arena);
    if (slice_equal(*out, text))
        *out = text;
    return fault;
}

enum text_fault text_normalize_and_look(struct slice source, struct arena *arena, struct slice *out,
                                        bool *may_be_escaped)
{
    struct slice text = text_trim(source);
    enum ascii_kind ascii = scan_ascii(text, may_be_escaped);
    if (ascii == ASCII_NOT_PLAIN) {
        enum text_fault fault = normalize_unicode(text, arena, out);
        *may_be_escaped = text_may_be_escaped(*out);
        return fault;
    }
    *out = ascii == ASCII_CLEAN ? text : fold_ascii_blanks(text, arena);
    return TEXT_OK;
}

enum text_fault text_normalize(struct slice source, struct arena *arena, struct slice *out)
{
    bool may_be_escaped;
    return text_normalize_and_look(source, arena, out, &may_be_escaped);
}

static bool text_is_word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool text_has_word(struct slice text, struct slice word)
{
    if (word.len == 0 || text.len < word.len)
        return false;
    const char *end = text.data + text.len, *found = text.data;

    while ((found = memmem(found, (size_t)(end - found), word.data, word.len))) {
        bool begins = found == text.data || !text_is_word_char(found[-1]);
        bool ends = found + word.len == end || !text_is_word_char(found[word.len]);
        if (begins && ends)
            return true;
        found++;
    }
    return false;
}
