#include "rules/field_source.h"

#include "core/buffer.h"
#include "core/text.h"
#include "rules/clean.h"
#include "rules/damage.h"
#include "rules/ndjson_cells.h"
#include "rules/read_field.h"

enum { JOINED_MAX = 1 << 20 };

static const struct slice array_separator = {(const char[]){VALUE_SEPARATOR}, 1};

int field_source_prepare(struct rule_set *set, struct field_plan *plan, struct error *error)
{
    const struct job_mapping *mapping = plan->mapping;
    char message[PATTERN_MESSAGE_SIZE];
    if (!mapping->match)
        return 0;
    plan->pattern = pattern_new_whole(mapping->match, message);
    if (!plan->pattern || !pattern_is_cheap(plan->pattern, mapping->match, message))
        return job_fail(set->job, mapping->match_place, error, "%s", message);
    if (mapping->replace && !pattern_try_replacement(plan->pattern, mapping->replace, message))
        return job_fail(
            set->job, mapping->replace_place, error,
            "%s\nhint: $1 is the first group of `match`, ${name} the group (?<name>…), $$ a dollar sign",
            message);
    size_t groups = pattern_group_count(plan->pattern);
    if (groups > set->group_count)
        set->group_count = groups;
    set->has_source_patterns = true;
    return 0;
}

void field_source_clear(struct field_plan *plan)
{
    pattern_free(plan->pattern);
    plan->pattern = NULL;
}

/* True for a type whose blanks inside mean something: of a key, and of a list that may be split at them. */
static bool keeps_blanks(const struct field_plan *plan)
{
    return plan->type == FIELD_TYPE_KEY || plan->type == FIELD_TYPE_COUNTRY_LIST ||
           plan->type == FIELD_TYPE_TEXT_LIST;
}

/* True when an item of a list has a value, or there are more items than a list may have; that and damage are
 * reported where the list is read. */
static bool has_items(const struct record_context *context, struct slice list, struct slice separator)
{
    struct slice rest = list, item, clean;
    size_t count = 0;
    while (slice_next_item(&rest, separator, &item))
        if (++count > RECORD_CONTEXT_ITEMS_MAX ||
            text_normalize(item, context->arena, &clean) == TEXT_ENCODING ||
            !clean_is_null(context->set, clean))
            return true;
    return false;
}

/* The text as it is matched: cleaned, and empty for a null value. False, with a verdict, when it is damaged.
 */
static bool clean_source(struct record_context *context, const struct field_plan *plan, struct slice source,
                         struct slice *text)
{
    enum text_fault fault = text_normalize(source, context->arena, text);
    bool is_verbatim = text->len == 0 || memmem(source.data, source.len, text->data, text->len);
    bool is_raw = keeps_blanks(plan) && !is_verbatim;
    if (fault != TEXT_OK && !(is_raw && fault == TEXT_INVISIBLE) &&
        !clean_report_fault(context, plan, fault, source, *text))
        return false;
    if (clean_is_null(context->set, *text))
        *text = slice_make(NULL, 0);
    else if (is_raw) /* the type's own cleaning reports what it removes */
        *text = text_trim(source);
    if (plan->mapping->split && !has_items(context, *text, slice_from(plan->mapping->split)))
        *text = slice_make(NULL, 0);
    return true;
}

/* One column. False, with a verdict, when it cannot be read. */
static bool read_column(struct record_context *context, const struct field_plan *plan, size_t index,
                        struct slice *text, enum ndjson_form *form)
{
    size_t column = plan->columns[index];
    struct ndjson_cells *ndjson = context->worker->ndjson;
    *form = NDJSON_TEXT;
    *text = slice_make(NULL, 0);
    if (ndjson)
        return ndjson_cells_text(ndjson, context, plan, index, text, form);
    if (column >= context->record->cell_count || context->record->cells[column].len == 0)
        return true;
    return read_field_decode(context, plan, context->record->cells[column], text);
}

/* False, with a verdict: out is not a text that can be read on. */
static bool keep_joined(struct record_context *context, const struct field_plan *plan, struct buffer *out,
                        struct slice *text)
{
    if (out->overflowed)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_TOO_LONG,
                                    "the columns have more than %d bytes together", JOINED_MAX);
    else
        *text = arena_copy(context->arena, buffer_slice(out));
    return !out->overflowed;
}

/* Appends a text, or each item of an array, that has a value. False, with a verdict, when one is damaged. */
static bool append_values(struct record_context *context, const struct field_plan *plan, struct slice text,
                          bool is_list, struct buffer *out)
{
    struct slice rest = text, item = text, clean;
    bool is_first = out->len == 0;
    while (is_list ? record_next_item(&rest, &item) : rest.data != NULL) {
        if (!clean_source(context, plan, item, &clean) ||
            (clean.len > 0 && !plan->pattern && !damage_check(context, plan, clean)))
            return false;
        if (clean.len > 0 && !is_first)
            buffer_append_text(out, plan->mapping->join);
        buffer_append(out, clean);
        is_first &= clean.len == 0;
        if (!is_list)
            break;
    }
    return true;
}

static bool join_columns(struct record_context *context, const struct field_plan *plan,
                         struct field_source *source)
{
    struct buffer out;
    bool is_good = true;
    buffer_init(&out, JOINED_MAX);
    for (size_t i = 0; is_good && i < plan->mapping->column_count; i++) {
        struct slice text;
        enum ndjson_form form;
        is_good = read_column(context, plan, i, &text, &form) &&
                  append_values(context, plan, text, form == NDJSON_LIST, &out);
    }
    is_good = is_good && keep_joined(context, plan, &out, &source->columns);
    buffer_clear(&out);
    return is_good;
}

static bool choose_column(struct record_context *context, const struct field_plan *plan,
                          struct field_source *source)
{
    for (size_t i = 0; i < plan->mapping->column_count && source->columns.len == 0; i++) {
        struct slice text;
        if (!read_column(context, plan, i, &text, &source->form))
            return false;
        if (text.len == 0)
            continue;
        if (source->form == NDJSON_LIST && has_items(context, text, array_separator))
            source->columns = text;
        else if (source->form != NDJSON_LIST && !clean_source(context, plan, text, &source->columns))
            return false;
    }
    return true;
}

static void add_expensive_verdict(struct record_context *context, const struct field_plan *plan,
                                  struct slice text)
{
    record_context_add_verdictf(
        context, plan->field, VERDICT_REJECT, RULE_EXPENSIVE,
        "%s was not matched: the pattern %s exceeded the match limit; write it without nested repeats",
        record_context_quote(context, text), plan->mapping->match);
}

/* True when the text is read on all the same: the job sets the level, as is known once all fields are read.
 */
static bool report_unmatched(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    const char *message =
        arena_printf(context->arena, "%s is not matched as a whole by %s, the field's `match`",
                     record_context_quote(context, text), plan->mapping->match)
            .data;
    return record_context_judge(context, plan->field, VERDICT_REJECT, RULE_MATCH, message);
}

/* The value of one text, which is not empty. False, with a verdict, when it is rejected. */
static bool match_text(struct record_context *context, const struct field_plan *plan, struct slice text,
                       struct slice *value)
{
    const struct job_mapping *mapping = plan->mapping;
    struct pattern_matcher *matcher = context->worker->source_matcher;
    *value = text;
    enum pattern_result found = mapping->replace ? pattern_replace(plan->pattern, matcher, text,
                                                                   mapping->replace, context->arena, value)
                                                 : pattern_search(plan->pattern, matcher, text);
    if (found == PATTERN_FOUND)
        return !mapping->replace || clean_source(context, plan, *value, value);
    *value = mapping->unmatched == JOB_UNMATCHED_EMPTY ? slice_make(NULL, 0) : text;
    if (found == PATTERN_EXPENSIVE) {
        add_expensive_verdict(context, plan, text);
        return false;
    }
    return mapping->unmatched != JOB_UNMATCHED_REJECT || report_unmatched(context, plan, text);
}

/* The same of each item of a list; an item without a value keeps its place. */
static bool match_items(struct record_context *context, const struct field_plan *plan, struct slice list,
                        struct slice *value)
{
    struct slice rest = list, item, clean, matched;
    struct buffer out;
    bool is_good = true;
    *value = slice_make(NULL, 0);
    buffer_init(&out, JOINED_MAX);
    while (is_good && record_next_item(&rest, &item)) {
        is_good = clean_source(context, plan, item, &clean) &&
                  (clean.len == 0 || match_text(context, plan, clean, &matched));
        if (is_good && clean.len > 0)
            buffer_append(&out, matched);
        if (is_good && rest.data)
            buffer_append_char(&out, VALUE_SEPARATOR);
    }
    is_good = is_good && keep_joined(context, plan, &out, value);
    buffer_clear(&out);
    if (is_good && !has_items(context, *value, array_separator))
        *value = slice_make(NULL, 0);
    return is_good;
}

bool field_source_compose(struct record_context *context, const struct field_plan *plan,
                          struct field_source *source)
{
    *source = (struct field_source){.form = NDJSON_TEXT};
    bool is_good =
        plan->mapping->join ? join_columns(context, plan, source) : choose_column(context, plan, source);
    source->text = source->columns;
    if (!is_good || !plan->pattern || source->text.len == 0)
        return is_good;
    if (source->form == NDJSON_LIST)
        return match_items(context, plan, source->columns, &source->text);
    is_good = match_text(context, plan, source->columns, &source->text);
    if (!slice_equal(source->text, source->columns))
        source->form = NDJSON_TEXT;
    return is_good;
}

/* Where there is no value. */
static void read_fallback(struct record_context *context, const struct field_plan *plan)
{
    if (plan->fallback.state == VALUE_PRESENT)
        context->values[plan->field] = plan->fallback;
    else if (plan->fallback_plan)
        read_field_text(context, plan->fallback_plan, plan->fallback.text);
}

static void mark_sources(struct record_context *context, const struct field_plan *plan)
{
    struct record *record = context->record;
    const struct ndjson_cells *ndjson = context->worker->ndjson;
    for (size_t i = 0; i < plan->mapping->column_count && plan->first_source + i < 64; i++) {
        size_t column = plan->columns[i];
        bool has_text = (column < record->cell_count && record->cells[column].len > 0) ||
                        (ndjson && !ndjson_cells_is_scalar(ndjson, column));
        record->sources |= (uint64_t)has_text << (plan->first_source + i);
    }
}

void field_source_read(struct record_context *context, const struct field_plan *plan)
{
    struct field_source source;
    mark_sources(context, plan);
    if (!field_source_compose(context, plan, &source))
        return;
    if (source.text.len == 0) {
        read_fallback(context, plan);
        return;
    }
    ndjson_cells_read_text(context, plan, source.text, source.form);
}
