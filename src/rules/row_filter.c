#include "rules/row_filter.h"

#include "core/text.h"
#include "rules/clean.h"
#include "rules/guards.h"
#include "rules/ndjson_cells.h"

int row_filter_prepare(const struct job *job, const struct job_where *where, struct row_condition *condition,
                       struct error *error)
{
    char message[PATTERN_MESSAGE_SIZE];
    *condition = (struct row_condition){.where = where, .pattern = pattern_new(where->pattern, message)};
    if (!condition->pattern)
        return job_fail(job, where->pattern_place, error, "%s", message);
    if (pattern_backtracks(condition->pattern, where->pattern))
        return job_fail(
            job, where->pattern_place, error,
            "the pattern exceeds the match limit on a short text (catastrophic backtracking)\nhint: write it without nested repeats: (a+)+ is a+");
    return 0;
}

void row_filter_clear(struct row_condition *condition)
{
    pattern_free(condition->pattern);
}

/* *reason: why the value cannot be read; NULL: it was read. */
static struct slice read_value(const struct rule_worker *worker, const struct record *record, size_t column,
                               struct arena *arena, const char **reason)
{
    const struct rule_set *set = worker->set;
    struct slice source = {NULL, 0}, text;
    *reason = NULL;
    if (worker->ndjson && !ndjson_cells_is_scalar(worker->ndjson, column)) {
        *reason = "is an array or an object, and a single value is expected";
        return source;
    }
    if (column < record->cell_count)
        source = record->cells[column];
    if (source.len == 0)
        return source;
    bool is_text = !set->is_decoded || encoding_decode(set->encoding, source, arena, &source);
    if (is_text && !worker->ndjson && guards_may_begin(source))
        source = guards_strip(set, source);
    if (!is_text || text_normalize(source, arena, &text) == TEXT_ENCODING) {
        *reason = "is damaged text (is input.encoding right?)";
        return slice_make(NULL, 0);
    }
    if (guards_may_begin(text))
        text = guards_strip(set, text);
    return clean_is_null(set, text) ? slice_make(NULL, 0) : text;
}

static void add_verdict(struct record *record, struct arena *arena, const char *rule, struct slice message)
{
    record_add_verdict(record, arena, (struct verdict){FIELD_NONE, VERDICT_REJECT, rule, message});
}

bool row_filter_keeps(struct rule_worker *worker, struct record *record, struct arena *arena)
{
    const struct rule_set *set = worker->set;
    size_t failed = 0;
    for (size_t i = 0; i < set->condition_count; i++) {
        const struct row_condition *condition = &set->conditions[i];
        const struct job_where *where = condition->where;
        const char *reason;
        struct slice text = read_value(worker, record, condition->column, arena, &reason);
        if (reason) {
            add_verdict(
                record, arena, RULE_WHERE,
                arena_printf(arena, "the column \"%s\" of input.where %s", where->column.name, reason));
            continue;
        }
        enum pattern_result found = pattern_search(condition->pattern, worker->matcher, text);
        if (found == PATTERN_EXPENSIVE)
            add_verdict(
                record, arena, RULE_EXPENSIVE,
                arena_printf(
                    arena,
                    "the column \"%s\" of input.where was not checked: the pattern %s exceeded the match limit; write it without nested repeats",
                    where->column.name, where->pattern));
        else if ((found == PATTERN_FOUND) != where->must_match && failed == 0)
            failed = i + 1;
    }
    if (failed == 0 || record->rejected)
        return true;
    record->skipped = true;
    record->skipped_by = (uint16_t)failed;
    return false;
}
