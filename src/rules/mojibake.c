#include "rules/mojibake.h"

#include <pthread.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "rules/escapes.h"

enum {
    ENCODINGS = 6,
    CODE_LIMIT = 0x2600,
    HIGH_FIRST = 0x80,
    ROUNDS_MAX = 3,
    SEQUENCE_MAX = 3,
    TABLE_CHUNK = 8192
};
enum { CHAR_NBSP = 0xa0, CHAR_A_CIRCUMFLEX = 0xc2, CHAR_A_TILDE = 0xc3, BOX_FIRST = 0x2500 };

/* In which UTF-8 is read by mistake, those that are likelier first. */
static const struct {
    const char *name;
    bool has_letters; /* between 0x80 and 0xBF, where the later bytes of a character are */
    bool is_cyrillic;
    bool is_dos; /* with characters that draw boxes */
} encodings[ENCODINGS] = {
    {"windows-1252", false, false, false}, {"macintosh", false, false, false},
    {"windows-1250", true, false, false},  {"cp850", false, false, true},
    {"cp437", false, false, true},         {"windows-1251", false, true, false},
};

/* Of a character, its byte from 0x80 on in each encoding; 0: it has none. Made when first needed. */
static uint8_t byte_tables[ENCODINGS][CODE_LIMIT];
static pthread_once_t byte_tables_once = PTHREAD_ONCE_INIT;

static void fill_byte_tables(void)
{
    struct arena arena;
    arena_init(&arena, TABLE_CHUNK);
    for (size_t i = 0; i < ENCODINGS; i++) {
        struct encoding encoding;
        if (encoding_find(encodings[i].name, &arena, &encoding) != ENCODING_FOUND)
            continue;
        for (unsigned byte = HIGH_FIRST; byte <= UINT8_MAX; byte++) {
            uint32_t code = 0;
            char source = (char)byte;
            struct slice text;
            if (encoding_decode(&encoding, slice_make(&source, 1), &arena, &text) &&
                utf8_decode(text, &code) == text.len && code < CODE_LIMIT)
                byte_tables[i][code] = (uint8_t)byte;
        }
    }
    arena_clear(&arena);
}

/* A text as characters, with one more, 0, at its end. */
struct letters {
    const uint32_t *codes;
    size_t count;
    const uint8_t *bytes; /* of the encoding that is tried */
    size_t encoding;
};

static uint8_t byte_of(const struct letters *letters, size_t i)
{
    uint32_t code = i < letters->count ? letters->codes[i] : 0;
    return code < CODE_LIMIT ? letters->bytes[code] : 0;
}

/* The characters from i on as the bytes of one in UTF-8. Returns their number; 0: they are none. */
static size_t read_sequence(const struct letters *letters, size_t i, uint32_t *code)
{
    char bytes[SEQUENCE_MAX];
    uint8_t first = byte_of(letters, i);
    size_t len = first < 0xc2 || first >= 0xf0 ? 0 : first < 0xe0 ? 2 : 3;
    for (size_t k = 0; k < len; k++)
        bytes[k] = (char)byte_of(letters, i + k);
    return len > 0 && utf8_decode(slice_make(bytes, len), code) == len ? len : 0;
}

enum kind { KIND_NONE, KIND_LATIN, KIND_SIGN, KIND_OTHER };

/* Of a decoded character. *script: of KIND_OTHER. Blocks of Unicode. */
static enum kind kind_of(uint32_t code, uint32_t *script)
{
    static const struct {
        uint32_t first, last;
    } scripts[] = {
        {0x370, 0x3ff}, {0x400, 0x4ff}, {0x531, 0x587},   {0x5d0, 0x5ea},   {0x620, 0x7b1},
        {0x904, 0xdff}, {0xe01, 0xe4e}, {0x10a0, 0x10ff}, {0x3041, 0x9fff}, {0xac00, 0xd7a3},
    };
    if ((code >= 0xc0 && code <= 0x17f && code != 0xd7 && code != 0xf7) || (code >= 0x218 && code <= 0x21b) ||
        (code >= 0x1e00 && code <= 0x1eff) || code == 0x18f || code == 0x259 || code == 0x1a0 ||
        code == 0x1a1 || code == 0x1af || code == 0x1b0)
        return KIND_LATIN;
    if ((code >= 0xa0 && code <= 0xbf) || (code >= 0x200c && code <= 0x203a) || code == 0x20ac ||
        code == 0x2122)
        return KIND_SIGN;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        *script = (uint32_t)i;
        if (code >= scripts[i].first && code <= scripts[i].last)
            return KIND_OTHER;
    }
    return KIND_NONE;
}

/* Punctuation and signs that follow a letter in good text: quotes, dashes, `…`, ™, an accent for an
 * apostrophe. */
static bool is_punctuation(uint32_t code)
{
    return (code >= 0x2013 && code <= 0x201e) || code == 0x2026 || code == 0xab || code == 0xbb ||
           code == 0xb4 || code == 0x2122 || code == CHAR_NBSP;
}

static bool is_latin_letter(uint32_t code)
{
    return (code < 0x80 && ascii_is_letter((char)code)) ||
           (code >= 0xc0 && code <= 0x17f && code != 0xd7 && code != 0xf7);
}

/* Letters of one language that windows-1250 has side by side: RĂŞINARI, DEVÄŤ, DĹŽKA. */
static bool are_neighbours(uint32_t first, uint32_t second)
{
    if (!is_latin_letter(second))
        return false;
    if (first == 0x102) /* Ă */
        return second == 0x15e || second == 0x15f;
    if (first == 0xc4 || first == 0x139) /* Ä, Ĺ: with Š Ť Ž Ľ of Slovak, not with letters of Polish */
        return (second >= 0x160 && second <= 0x165) || second == 0x13d || second == 0x13e ||
               second == 0x17d || second == 0x17e;
    return true;
}

static bool is_ascii_lower(uint32_t code)
{
    return code >= 'a' && code <= 'z';
}

static bool is_lower(uint32_t code)
{
    return is_ascii_lower(code) || (code >= 0xdf && code <= 0xff && code != 0xf7);
}

static uint32_t code_at(const struct letters *letters, size_t i)
{
    return i < letters->count ? letters->codes[i] : 0;
}

/* Whether what is around two characters, the second of which may be good text after the first, shows that
 * they are one letter: `GÃ–KÇE` but not `IRMÃ’S`. A capital does not follow a small letter. */
static bool is_inside_word(const struct letters *letters, size_t i, size_t len)
{
    uint32_t before = i > 0 ? letters->codes[i - 1] : 0;
    uint32_t after = code_at(letters, i + len), second = letters->codes[i + 1];
    bool after_is_word = is_latin_letter(code_at(letters, i + len + 1));
    if (len == SEQUENCE_MAX) /* `Nguyá»…n`, not `«papá»…` */
        return is_latin_letter(after);
    if (is_lower(before))
        return true;
    if (is_ascii_lower(after) && is_ascii_lower(code_at(letters, i + len + 1)))
        return true;
    bool is_apostrophe = second == 0x2018 || second == 0x2019 || second == 0xb4;
    return letters->codes[i] == CHAR_A_TILDE && second != CHAR_NBSP && is_latin_letter(after) &&
           (!is_apostrophe || after_is_word);
}

/* Whether a sequence that reads as a Latin letter or a sign was one. */
static bool is_certain(const struct letters *letters, size_t i, size_t len, enum kind kind)
{
    uint32_t before = i > 0 ? letters->codes[i - 1] : 0;
    uint32_t first = letters->codes[i], second = letters->codes[i + 1];
    if (len == 3 && kind == KIND_SIGN)
        return true; /* â€™ */
    if (encodings[letters->encoding].is_dos && first < BOX_FIRST && second < BOX_FIRST)
        return false; /* its other letters stand side by side in good text: «Irã» */
    if (encodings[letters->encoding].is_cyrillic)
        return (before < 0x80 && is_latin_letter(before)) ||
               (code_at(letters, i + len) < 0x80 && is_latin_letter(code_at(letters, i + len)));
    bool is_doubtful = is_punctuation(second) && (len == 2 || is_punctuation(letters->codes[i + 2]));
    is_doubtful |= encodings[letters->encoding].has_letters && are_neighbours(first, second);
    if (first == CHAR_A_CIRCUMFLEX && kind == KIND_SIGN)
        return !is_doubtful || !is_latin_letter(before) || is_lower(before);
    return !is_doubtful || is_inside_word(letters, i, len);
}

/* A word: characters up to a blank. What is found in it. */
struct word {
    bool is_certain;    /* a sequence certainly is a letter */
    bool has_latin;     /* a letter of ASCII, or a sequence that is a Latin letter */
    bool is_mixed;      /* a character that is no part of a sequence, or letters of two scripts */
    size_t other_chars; /* in sequences of letters of another script */
    bool has_odd_sign;  /* one of them follows no letter in good text */
    uint32_t script;
};

static void add_other(const struct letters *letters, size_t i, size_t len, uint32_t script, struct word *word)
{
    word->is_mixed |= word->other_chars > 0 && word->script != script;
    word->script = script;
    word->other_chars += len;
    for (size_t k = i + 1; k < i + len; k++)
        word->has_odd_sign |= !is_punctuation(letters->codes[k]) && !is_latin_letter(letters->codes[k]);
}

static size_t read_word(const struct letters *letters, size_t start, struct word *word)
{
    size_t i = start;
    *word = (struct word){.script = 0};
    for (size_t len; i < letters->count && letters->codes[i] > ' '; i += len) {
        uint32_t code = letters->codes[i], decoded, script = 0;
        len = code < 0x80 ? 0 : read_sequence(letters, i, &decoded);
        enum kind kind = len > 0 ? kind_of(decoded, &script) : KIND_NONE;
        word->has_latin |= code < 0x80 && ascii_is_letter((char)code);
        word->is_mixed |= code >= 0x80 && kind == KIND_NONE;
        if (kind == KIND_OTHER)
            add_other(letters, i, len, script, word);
        else if (kind != KIND_NONE && is_certain(letters, i, len, kind))
            word->is_certain = true;
        len = kind == KIND_NONE ? 1 : len;
    }
    return i;
}

/* Two letters of another script, and nothing else, or one whose bytes are signs that no text has. */
static bool is_other_script(const struct word *word)
{
    enum { LETTERS_MIN = 4 };
    return !word->has_latin && !word->is_mixed &&
           (word->other_chars >= LETTERS_MIN || (word->other_chars == SEQUENCE_MAX && word->has_odd_sign));
}

static bool reads_as(const struct letters *letters)
{
    for (size_t i = 0; i < letters->count; i++) {
        struct word word;
        i = read_word(letters, i, &word);
        bool is_latin = word.is_certain && !(encodings[letters->encoding].is_cyrillic &&
                                             (word.is_mixed || word.other_chars > 0));
        if (is_latin || is_other_script(&word))
            return true;
    }
    return false;
}

/* The text with every sequence as the character that it is. */
static struct slice repair(const struct letters *letters, struct arena *arena)
{
    char *out = arena_bytes(arena, letters->count * UTF8_CHAR_MAX + 1);
    size_t out_len = 0;
    for (size_t i = 0, len; i < letters->count; i += len) {
        uint32_t code = letters->codes[i], decoded, script;
        len = code < 0x80 ? 0 : read_sequence(letters, i, &decoded);
        bool is_one = len > 0 && kind_of(decoded, &script) != KIND_NONE;
        out_len += utf8_encode(is_one ? decoded : code, out + out_len);
        len = is_one ? len : 1;
    }
    return slice_make(out, out_len);
}

/* `MarÃa`: the second byte of a letter was an invisible character or a blank, and is gone. */
static bool has_lone_lead(const struct letters *letters)
{
    for (size_t i = 1; i < letters->count; i++) {
        uint32_t after = code_at(letters, i + 1);
        if (letters->codes[i] == CHAR_A_TILDE && is_ascii_lower(letters->codes[i - 1]) &&
            (after == 0 || after == ' ' || is_ascii_lower(after)))
            return true;
    }
    return false;
}

/* What a text may be, by its bytes. */
struct suspicion {
    bool mojibake; /* two characters beyond ASCII side by side, or a capital Ã */
    bool escapes;
};

static struct suspicion suspect(struct slice text)
{
    struct suspicion suspicion = {false, false};
    uint8_t before = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        if (byte >= 0x80)
            suspicion.mojibake |= (before >= 0x80 && byte >= 0xc2) || (before == 0xc3 && byte == 0x83);
        else if (byte < 'A' || byte == '\\')
            suspicion.escapes |= byte == '&' || byte == '<' || byte == '?' || byte == '\\';
        before = byte;
    }
    return suspicion;
}

/* `Mï¿½ller`: U+FFFD, in place of a lost character, was read wrongly too. */
static bool has_replacement(const struct letters *letters)
{
    for (size_t i = 0; i + 2 < letters->count; i++)
        if (byte_of(letters, i) == 0xef && byte_of(letters, i + 1) == 0xbf && byte_of(letters, i + 2) == 0xbd)
            return true;
    return false;
}

/* Of a text that may have one. */
static bool find_mojibake(struct slice text, struct arena *arena, const char **encoding,
                          struct slice *repaired)
{
    uint32_t *codes = arena_alloc(arena, (text.len + 1) * sizeof *codes);
    struct letters letters = {.codes = codes};
    for (size_t i = 0, len; i < text.len; i += len) {
        len = utf8_decode(slice_skip(text, i), &codes[letters.count]);
        if (len == 0)
            return false;
        letters.count++;
    }
    pthread_once(&byte_tables_once, fill_byte_tables);
    for (size_t i = 0; i < ENCODINGS; i++) {
        letters.bytes = byte_tables[i];
        letters.encoding = i;
        *encoding = encodings[i].name;
        *repaired = slice_make(NULL, 0);
        if (has_replacement(&letters))
            return true;
        if (!reads_as(&letters))
            continue;
        *repaired = repair(&letters, arena);
        return true;
    }
    *encoding = encodings[0].name;
    *repaired = slice_make(NULL, 0);
    return has_lone_lead(&letters);
}

bool mojibake_find(struct slice text, struct arena *arena, const char **encoding, struct slice *repaired)
{
    return suspect(text).mojibake && find_mojibake(text, arena, encoding, repaired);
}

bool mojibake_is_checked(enum field_id field)
{
    enum field_type type = field_type(field);
    return (type == FIELD_TYPE_NAME || type == FIELD_TYPE_TEXT || type == FIELD_TYPE_STATE) &&
           !field_is_document_number(field);
}

/* Text that was read wrongly more than once is repaired as often. */
static const char *describe_mojibake(struct record_context *context, struct slice source)
{
    const char *encoding, *other;
    struct slice repaired, again;
    if (!find_mojibake(source, context->arena, &encoding, &repaired))
        return NULL;
    const char *quoted = record_context_quote(context, source);
    if (repaired.len == 0)
        return arena_printf(
                   context->arena,
                   "%s is UTF-8 that was read as %s, and characters of it are lost; restore it at the source",
                   quoted, encoding)
            .data;
    for (int i = 1;
         i < ROUNDS_MAX && mojibake_find(repaired, context->arena, &other, &again) && again.len > 0; i++)
        repaired = again;
    return arena_printf(context->arena,
                        "%s is UTF-8 that was read as %s; it was probably %s: restore it at the source",
                        quoted, encoding, record_context_quote(context, repaired))
        .data;
}

static const char *describe_escape(struct record_context *context, struct slice text)
{
    static const char *const facts[] = {
        [ESCAPE_NONE] = "",
        [ESCAPE_ENTITY] = "has HTML entities",
        [ESCAPE_TAG] = "has HTML tags",
        [ESCAPE_BACKSLASH] = "has backslash escapes",
        [ESCAPE_QUESTION] = "has a question mark in place of a letter, which an encoding may have lacked",
    };
    struct slice repaired;
    enum escape escape = escapes_find(text, context->arena, &repaired);
    if (escape == ESCAPE_NONE)
        return NULL;
    const char *quoted = record_context_quote(context, text);
    if (repaired.len == 0)
        return arena_printf(context->arena, "%s %s; restore it at the source", quoted, facts[escape]).data;
    return arena_printf(context->arena, "%s %s; it was probably %s: restore it at the source", quoted,
                        facts[escape], record_context_quote(context, repaired))
        .data;
}

bool mojibake_report(struct record_context *context, const struct field_plan *plan, struct slice source,
                     struct slice text)
{
    struct suspicion suspicion = suspect(source);
    const char *message = suspicion.mojibake ? describe_mojibake(context, source) : NULL;
    if (!message && suspicion.escapes && field_group(plan->field) == FIELD_GROUP_NONE)
        message = describe_escape(context, text);
    if (!message || (plan->exact && value_map_find(plan->exact, text)))
        return true;
    return record_context_judge(context, plan->field, VERDICT_WARN, RULE_MOJIBAKE, message);
}
