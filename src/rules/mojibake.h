/* mojibake: text that was decoded wrongly, or escaped, before the export. Inside of src/rules.
 *
 * UTF-8 that was read as an encoding of one byte a character (`MÃ¼ller`, `O‚Äôbrien`): the characters,
 * written in that encoding, are the bytes of other characters in UTF-8, which are letters of the script of
 * their word or punctuation. One such pair is also what `CAFÉ’S` has, so punctuation and script decide; a
 * doubtful pair is taken for text. And what escapes.h finds. A warning: nobody else looks at it, and the
 * value is sent.
 *
 * Looked for in names and texts, not in keys, codes, addresses of e-mail and of the web. Of the job's own
 * fields (metadata), which may hold markup, only what was decoded wrongly counts. Thread: any.
 */
#ifndef KYC_RULES_MOJIBAKE_H
#define KYC_RULES_MOJIBAKE_H

#include "core/text.h"
#include "rules/record_context.h"

/* True for UTF-8 that was read as another encoding. *encoding: its name; *repaired: the text as it probably
 * was, in the arena; empty when characters are missing. text: UTF-8. */
bool mojibake_find(struct slice text, struct arena *arena, const char **encoding, struct slice *repaired);

/* True for a field that is looked at. */
bool mojibake_is_checked(enum field_id field);

/* For mojibake_check: looks at a text that may have one. */
bool mojibake_report(struct record_context *context, const struct field_plan *plan, struct slice source,
                     struct slice text);

/* Judges a cleaned text and the source that it is of; may_be_escaped: of the text. False when a rule of the
 * job rejects it, with a verdict. Inline, as it runs for every text. */
static inline bool mojibake_check(struct record_context *context, const struct field_plan *plan,
                                  struct slice source, struct slice text, bool may_be_escaped)
{
    return !(may_be_escaped && plan->checks_mojibake) || mojibake_report(context, plan, source, text);
}

#endif
