/* guards: what programs put around a value so that a spreadsheet does not rewrite it. Inside of src/rules.
 *
 * An apostrophe before a digit or one of = + - @ (`'00123`, `'+14155550110`; 's-Gravenhage has none), which
 * spreadsheets show as nothing, and `="…"` around a value. With input.spreadsheet_guards: strip they are
 * removed before anything else is done with the value. By default they stay, with the warning FIELD/guard:
 * a key that was sent with one must stay the same key. Thread: any; guards_find is pure.
 */
#ifndef KYC_RULES_GUARDS_H
#define KYC_RULES_GUARDS_H

#include "rules/record_context.h"

enum guard {
    GUARD_NONE,
    GUARD_APOSTROPHE,
    GUARD_FORMULA,
    GUARD_QUOTES, /* apostrophes on both sides: rather the quote character, and nothing to strip */
};

/* The guard of a text in UTF-8, outer blanks aside. *plain: the text without it; text itself when nothing can
 * be stripped. */
enum guard guards_find(struct slice text, struct slice *plain);

/* False for most texts, which have no guard. Inline, as it runs for every cell. */
static inline bool guards_may_begin(struct slice text)
{
    static const bool begins[256] = {['\''] = true, ['='] = true, [' '] = true, ['\t'] = true};
    return text.len > 1 && begins[(unsigned char)text.data[0]];
}

/* A text of CSV without its guard where the job strips guards; else the text. */
static inline struct slice guards_strip(const struct rule_set *set, struct slice text)
{
    struct slice plain;
    return set->job->input.strips_guards && guards_find(text, &plain) != GUARD_NONE ? plain : text;
}

/* The value of a cell without its guard where the job says so; else the cell, with a warning if it has one.
 */
struct slice guards_read(struct record_context *context, enum field_id field, struct slice cell);

#endif
