#include "rules/row_filter.h"

#include <string.h>

#include "core/text.h"
#include "rules/clean.h"
#include "rules/guards.h"
#include "rules/ndjson_cells.h"

int row_filter_prepare(const struct job *job, const struct job_where *where, struct row_condition *condition,
                       struct error *error)
{
    char message[PATTERN_MESSAGE_SIZE];
    *condition = (struct row_condition){.where = where, .pattern = pattern_new(where->pattern, message)};
    if (!condition->pattern || !pattern_is_cheap(condition->pattern, where->pattern, message))
        return job_fail(job, where->pattern_place, error, "%s", message);
    struct pattern_matcher *matcher = pattern_matcher_new(0);
    condition->of_nothing = pattern_search(condition->pattern, matcher, slice_make("", 0));
    pattern_matcher_free(matcher);
    return 0;
}

void row_filter_clear(struct row_condition *condition)
{
    pattern_free(condition->pattern);
}

/* The value of a source cell that is not empty. *reason: why it cannot be read; NULL: it was read. */
static struct slice read_value(const struct rule_worker *worker, struct slice source, struct arena *arena,
                               const char **reason)
{
    const struct rule_set *set = worker->set;
    struct slice text;
    bool is_text = !set->is_decoded || encoding_decode(set->encoding, source, arena, &source);
    if (is_text && !worker->ndjson && guards_may_begin(source))
        source = guards_strip(set, source);
    *reason = NULL;
    if (!is_text || text_normalize(source, arena, &text) == TEXT_ENCODING) {
        *reason = "is damaged text (is input.encoding right?)";
        return slice_make(NULL, 0);
    }
    return clean_is_null(set, text) ? slice_make(NULL, 0) : text;
}

/* The place of a cell among the memos of a condition. */
static struct row_memo *find_memo(const struct rule_worker *worker, size_t condition, struct slice cell)
{
    unsigned first = (unsigned char)cell.data[0], last = (unsigned char)cell.data[cell.len - 1];
    unsigned index = ((unsigned)cell.len + first * 5 + last * 3) % ROW_MEMO_SIZE;
    return &worker->row_memos[condition * ROW_MEMO_SIZE + index];
}

static enum pattern_result search(const struct rule_worker *worker, struct record *record, size_t index,
                                  struct arena *arena, const char **reason)
{
    const struct row_condition *condition = &worker->set->conditions[index];
    struct slice cell = {NULL, 0};
    uint64_t bit = index < 64 ? UINT64_C(1) << index : 0;
    *reason = NULL;
    if (worker->ndjson && !ndjson_cells_is_scalar(worker->ndjson, condition->column)) {
        record->conditions |= bit;
        *reason = "is an array or an object, and a single value is expected";
        return PATTERN_ABSENT;
    }
    if (condition->column < record->cell_count)
        cell = record->cells[condition->column];
    if (cell.len == 0)
        return condition->of_nothing;
    record->conditions |= bit;
    struct row_memo *memo = find_memo(worker, index, cell);
    if (memo->len == cell.len && memcmp(memo->text, cell.data, cell.len) == 0)
        return memo->found ? PATTERN_FOUND : PATTERN_ABSENT;
    struct slice text = read_value(worker, cell, arena, reason);
    enum pattern_result found =
        *reason ? PATTERN_ABSENT : pattern_search(condition->pattern, worker->matcher, text);
    if (!*reason && found != PATTERN_EXPENSIVE && cell.len <= sizeof memo->text) {
        memo->len = (uint8_t)cell.len;
        memo->found = found == PATTERN_FOUND;
        memcpy(memo->text, cell.data, cell.len);
    }
    return found;
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
        const struct job_where *where = set->conditions[i].where;
        const char *reason;
        enum pattern_result found = search(worker, record, i, arena, &reason);
        if (reason) {
            add_verdict(
                record, arena, RULE_WHERE,
                arena_printf(arena, "the column \"%s\" of input.where %s", where->column.name, reason));
            continue;
        }
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
