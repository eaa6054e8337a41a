#include "rules/guards.h"

#include "core/ascii.h"
#include "core/text.h"
#include "core/utf8.h"

static enum guard find_apostrophe(struct slice text, struct slice *plain)
{
    if (text.len < 2 || text.data[0] != '\'' ||
        !(ascii_is_digit(text.data[1]) || memchr("=+-@", text.data[1], 4)))
        return GUARD_NONE;
    if (text.data[text.len - 1] == '\'')
        return GUARD_QUOTES;
    *plain = slice_skip(text, 1);
    return GUARD_APOSTROPHE;
}

/* One text in quotes, and no formula of several. */
static enum guard find_formula(struct slice text, struct slice *plain)
{
    if (text.len < 3 || !slice_begins_with(text, "=\"") || text.data[text.len - 1] != '"')
        return GUARD_NONE;
    struct slice inner = slice_make(text.data + 2, text.len - 3);
    if (memchr(inner.data, '"', inner.len))
        return GUARD_NONE;
    *plain = inner;
    return GUARD_FORMULA;
}

enum guard guards_find(struct slice text, struct slice *plain)
{
    struct slice trimmed = text_trim(text), inner;
    *plain = text;
    enum guard guard = find_apostrophe(trimmed, plain);
    if (guard == GUARD_NONE)
        return find_formula(trimmed, plain);
    if (guard == GUARD_APOSTROPHE && find_formula(*plain, &inner) != GUARD_NONE)
        *plain = inner; /* both */
    return guard;
}

static void warn(struct record_context *context, enum field_id field, enum guard guard, struct slice cell)
{
    static const char *const guards[] = {
        [GUARD_APOSTROPHE] = "has an apostrophe before it, as for a spreadsheet",
        [GUARD_FORMULA] = "has =\"…\" around it, as for a spreadsheet",
        [GUARD_QUOTES] = "has apostrophes around it; is ' the quote character (input.csv.quote)?",
    };
    const char *advice = "";
    if (guard != GUARD_QUOTES)
        advice =
            field == FIELD_EXTERNAL_ID
                ? ", which is part of the key; before the first run, set input.spreadsheet_guards to strip"
                : "; set input.spreadsheet_guards to strip";
    struct slice message =
        arena_printf(context->arena, "%s %s%s", record_context_quote(context, cell), guards[guard], advice);
    record_context_judge(context, field, VERDICT_WARN, RULE_GUARD, message.data);
}

struct slice guards_read(struct record_context *context, enum field_id field, struct slice cell)
{
    struct slice plain;
    enum guard guard = guards_find(cell, &plain);
    if (guard == GUARD_NONE)
        return cell;
    if (guard != GUARD_QUOTES && context->set->job->input.strips_guards)
        return plain;
    if (utf8_is_valid(cell)) /* else it is rejected, and a message cannot quote it */
        warn(context, field, guard, cell);
    return cell;
}
