/* text: Unicode blanks, normal form C, case folding, and the nearest of some words.
 *
 * The only user of utf8proc. Facts are Unicode's (utf8proc's version).
 * Thread: any; all functions are pure.
 */
#ifndef KYC_CORE_TEXT_H
#define KYC_CORE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"

/* A blank of ASCII: a space, a tab, or a byte of a line end. */
static inline bool text_is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* text without blanks of ASCII at its ends. */
static inline struct slice text_trim(struct slice text)
{
    while (text.len > 0 && text_is_blank(text.data[0]))
        text = slice_skip(text, 1);
    while (text.len > 0 && text_is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* True when every byte is 0x20–0x7E. Fast: eight bytes at a time or better. */
bool text_is_plain_ascii(struct slice text);

/* True for a text with a byte from 0x80 on, or one of & \ < = > ?: what most texts do not have. It is true
 * for some others too, with ] ^ _ | } ~. Fast, as text_is_plain_ascii. */
bool text_may_be_escaped(struct slice text);

/* code of a byte that is not of well-formed UTF-8. */
#define TEXT_NO_CHAR UINT32_MAX

/* The byte at which the first damage begins, and its character: NUL, U+FFFD, a control character of C1
 * (U+0080 to U+009F), one of private use, or TEXT_NO_CHAR. text.len when there is none; *code is then not
 * set. */
size_t text_find_damage(struct slice text, uint32_t *code);

enum text_fault {
    TEXT_OK,
    TEXT_INVISIBLE, /* control, zero-width or bidirectional control characters were removed */
    TEXT_ENCODING,  /* not UTF-8, or holds a character that shows damage (text_find_damage): no value */
};

/* The normal form of a text: NFC (UAX #15); blanks (space, tab, CR, LF, NBSP and
 * the other Unicode spaces) folded to one space inside and dropped at both ends; other control characters,
 * zero-width ones (but ZWJ and ZWNJ between letters of scripts that need them) and bidirectional controls
 * removed. *out is the source itself, or a part of it, when nothing inside had to change, else in the arena;
 * empty with TEXT_ENCODING. */
enum text_fault text_normalize(struct slice source, struct arena *arena, struct slice *out);
/* The same, and *may_be_escaped as text_may_be_escaped(*out): found on the way. */
enum text_fault text_normalize_and_look(struct slice source, struct arena *arena, struct slice *out,
                                        bool *may_be_escaped);

/* Case and accents aside, letters and digits only: the form in which names of countries are compared. Full
 * case folding (ß → ss) and compatibility decomposition (ligatures, full-width forms); marks go; the letters
 * that have no decomposition are spelt in ASCII (ø → o, ł → l, đ and ð → d, æ → ae, œ → oe, þ → th, ı → i).
 * Dots and apostrophes vanish (U.S.A. → usa), each run of other characters is one blank. text must be UTF-8.
 * In the arena. */
struct slice text_fold_name(struct slice text, struct arena *arena);
/* The same without blanks: `Guinea-Bissau`, `U. S. A.` and `Viet Nam` are written with and without them. */
struct slice text_name_key(struct slice text, struct arena *arena);

/* A text as it is compared when another person has written it down: each character's full case folding
 * without marks, compatibility forms taken apart, in its order. starts[i] is the byte at which the character
 * that codes[i] came from begins; several codes may share one. In the arena. */
struct text_letters {
    uint32_t *codes, *starts;
    size_t count;
};

/* text must be UTF-8, of at most UINT32_MAX bytes. Letters that have no decomposition are spelt as by
 * text_fold_name. */
struct text_letters text_fold_letters(struct slice text, struct arena *arena);

/* Upper case, character by character (ß stays). text itself when it has no small letter, else in the arena.
 */
struct slice text_upper(struct slice text, struct arena *arena);

/* True when a spreadsheet would take a cell with this text for a formula (=, +, -, @ or a tab first), so that
 * words that are for people get an apostrophe before them in CSV. */
bool text_is_formula(struct slice text);

/* text, shortened to at most max bytes between two words (a word of more than 40 bytes is cut in itself), and
 * without the blanks and the punctuation before the cut: what people read. text need not be UTF-8. */
struct slice text_shorten_words(struct slice text, size_t max);

/* Whether text has this word: not as a part of a longer one, as C-1 is of C-10 and C-1-2. Empty: false. */
bool text_has_word(struct slice text, struct slice word);

/* Where the hint of a message (error.h) begins: the offset of its last "\nhint: ", or text.len. */
size_t text_find_hint(struct slice text);

/* As snprintf into out (size bytes with the NUL, at least 4), but a text that does not fit is cut between two
 * words and ends in `…`. A hint is never cut, since half a command is worse than none: the fact before it is
 * shortened; a hint longer than three quarters of out is left out. Only format gives a hint, or a message
 * that is the last argument of a format that ends in %s; what looks like one in another argument (a file's
 * name) stays in the line before it. Returns the length. */
size_t text_format(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t text_format_va(char *out, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* The word of words (NULL-terminated) with the least Damerau-Levenshtein distance, ASCII case aside; NULL
 * when none is within max(2, len / 3). */
const char *text_nearest(struct slice word, const char *const *words);
/* The same for a value of the data, to which an unlike word is a wrong answer: an edit in four bytes, at
 * least one; else the one word of which it is the beginning, and at least a half. */
const char *text_nearest_value(struct slice word, const char *const *words);
/* The same with another bound, in edits. */
const char *text_nearest_within(struct slice word, const char *const *words, size_t max);

enum { TEXT_HINT_SIZE = 1024 };
/* `a, b and c` (last: " and "); not all of many. names: NULL-terminated, each shorter than 300 bytes. */
void text_join_names(const char *const *names, const char *last, char out[TEXT_HINT_SIZE]);
/* What a message hints at where word is none of words (NULL-terminated): the nearest, or all of them. */
void text_hint_names(struct slice word, const char *const *words, char hint[TEXT_HINT_SIZE]);

#endif
