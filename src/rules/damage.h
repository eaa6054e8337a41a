/* damage: values that a program rewrote or failed to compute before the export. Inside of src/rules.
 *
 * Three kinds: numbers that a spreadsheet or a table of decimal numbers wrote (`4.15555E+09`, `94607.0`), in
 * identifiers, codes and numbers, not in free text; errors of spreadsheets in any language, `#######` and
 * `[object Object]`, in every field; and the words null, nan and undefined where they are not among the
 * job's input.null_values (which lists them is asked before), a warning in names and texts.
 *
 * Judged after `match` and before `values`: a value that `values` lists is mapped, whatever it looks like.
 * Texts of the job itself (constants, defaults) are never damaged. Phones and dates find the numbers
 * themselves, because they know more forms. Thread: any; damage_find and damage_kinds are pure.
 */
#ifndef KYC_RULES_DAMAGE_H
#define KYC_RULES_DAMAGE_H

#include "core/ascii.h"
#include "rules/record_context.h"

enum damage {
    DAMAGE_NONE,
    DAMAGE_DECIMAL,  /* 94607.0 */
    DAMAGE_EXPONENT, /* 9.46E+08 */
    DAMAGE_ERROR,    /* #REF! */
    DAMAGE_HASHES,   /* ####### */
    DAMAGE_OBJECT,   /* [object Object] */
    DAMAGE_NULL,     /* Null, NaN, undefined */
};

/* What is looked for in a field: bits of field_plan.damage; 0: nothing. */
enum { DAMAGE_WORDS = 1, DAMAGE_NUMBERS = 2, DAMAGE_STRICT = 4 /* null is no name: rejected */ };

/* The bits of a field. */
unsigned damage_kinds(enum field_id field);

/* The damage of a cleaned text, which is not empty. kinds: the bits that are looked for. */
enum damage damage_find(struct slice text, unsigned kinds);

/* A message about it, in the arena. */
const char *damage_describe(struct record_context *context, struct slice text, enum damage damage);

/* False for nearly all texts: they have no damage. Inline, as it runs for every cell. The first byte shows
 * it, then the length of a word of letters, and the point or exponent and the end of a number. */
static inline bool damage_may_be(struct slice text, unsigned kinds)
{
    enum { SIGN = DAMAGE_WORDS, NUMBER = DAMAGE_NUMBERS, LETTER = DAMAGE_WORDS | 8 };
    enum { LENGTHS = 1 << 3 | 1 << 4 | 1 << 7 | 1 << 9, LENGTH_MAX = 9 }; /* nan null Err:522 undefined */
    static const uint8_t firsts[256] = {
        ['#'] = SIGN,   ['['] = SIGN,   ['<'] = SIGN,   ['('] = SIGN,   ['\\'] = SIGN,
        ['E'] = LETTER, ['N'] = LETTER, ['U'] = LETTER, ['e'] = LETTER, ['n'] = LETTER,
        ['u'] = LETTER, ['+'] = NUMBER, ['-'] = NUMBER, ['='] = NUMBER, ['\''] = NUMBER,
        ['0'] = NUMBER, ['1'] = NUMBER, ['2'] = NUMBER, ['3'] = NUMBER, ['4'] = NUMBER,
        ['5'] = NUMBER, ['6'] = NUMBER, ['7'] = NUMBER, ['8'] = NUMBER, ['9'] = NUMBER};
    static const bool marks[256] = {['.'] = true, [','] = true, ['e'] = true, ['E'] = true};
    const unsigned char *bytes = (const unsigned char *)text.data;
    unsigned first = firsts[bytes[0]];
    if (first == 0) /* most letters */
        return false;
    first &= kinds | 8;
    if (first == LETTER)
        return text.len <= LENGTH_MAX && LENGTHS >> text.len & 1;
    if (first != NUMBER || text.len < 3)
        return first == SIGN;
    if (!ascii_is_digit(text.data[text.len - 1]) && text.data[text.len - 1] != '"')
        return false;
    return !ascii_is_digit(text.data[0]) || marks[bytes[1]] || marks[bytes[text.len - 2]];
}

/* For damage_check: judges a text that may be damaged. */
bool damage_report(struct record_context *context, const struct field_plan *plan, struct slice text);

/* Judges a cleaned text, which is not empty. False, with a verdict, when the field is rejected. */
static inline bool damage_check(struct record_context *context, const struct field_plan *plan,
                                struct slice text)
{
    return !damage_may_be(text, plan->damage) || damage_report(context, plan, text);
}

#endif
