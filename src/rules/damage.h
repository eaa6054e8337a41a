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

/* What is looked for in a field: bits of field_plan.damage; 0: nothing. Those of words and numbers are for
 * damage_may_be, which tells texts apart by them; they are used together. */
enum {
    DAMAGE_WORDS = 0x0f,
    DAMAGE_NUMBERS = 0x30,
    DAMAGE_STRICT = 0x40, /* null is no name: rejected */
};

/* The bits of a field. */
unsigned damage_kinds(enum field_id field);

/* The damage of a cleaned text, which is not empty. kinds: the bits that are looked for. */
enum damage damage_find(struct slice text, unsigned kinds);

/* A message about it, in the arena. */
const char *damage_describe(struct record_context *context, struct slice text, enum damage damage);

/* False for nearly all texts: they have no damage. text: not empty. Inline, as it runs for every cell, and
 * without a branch, because what a text begins with cannot be predicted. Its first byte shows what it may be:
 * a sign, one of the three words of letters, a number, or a number with a sign; its second byte, or for
 * a number the last but one, whether it goes on like that. */
static inline bool damage_may_be(struct slice text, unsigned kinds)
{
    enum { SIGN = 1, NULL_WORD = 2, ERR = 4, UNDEFINED = 8, NUMBER = 0x10, SIGNED = 0x20 };
    enum { ANY = SIGN | SIGNED };
    static const uint8_t firsts[256] = {
        ['#'] = SIGN,      ['['] = SIGN,      ['<'] = SIGN,   ['('] = SIGN,   ['\\'] = SIGN,
        ['N'] = NULL_WORD, ['n'] = NULL_WORD, ['E'] = ERR,    ['e'] = ERR,    ['U'] = UNDEFINED,
        ['u'] = UNDEFINED, ['+'] = SIGNED,    ['-'] = SIGNED, ['='] = SIGNED, ['\''] = SIGNED,
        ['0'] = NUMBER,    ['1'] = NUMBER,    ['2'] = NUMBER, ['3'] = NUMBER, ['4'] = NUMBER,
        ['5'] = NUMBER,    ['6'] = NUMBER,    ['7'] = NUMBER, ['8'] = NUMBER, ['9'] = NUMBER};
    static const uint8_t nexts[256] = {
        ['a'] = NULL_WORD, ['A'] = NULL_WORD, ['u'] = NULL_WORD, ['U'] = NULL_WORD,
        ['r'] = ERR,       ['R'] = ERR,       ['n'] = UNDEFINED, ['N'] = UNDEFINED,
        ['.'] = NUMBER,    [','] = NUMBER,    ['e'] = NUMBER,    ['E'] = NUMBER};
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t is_longer = text.len > 1;
    unsigned next = nexts[bytes[is_longer]] | (nexts[bytes[text.len - 1 - is_longer]] & NUMBER) | ANY;
    return (firsts[bytes[0]] & next & kinds) != 0;
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
