#include "rules/source_words.h"

#include <stdlib.h>

#include "core/memory.h"
#include "core/text.h"
#include "model/language.h"
#include "rules/clean.h"
#include "rules/field_source.h"
#include "rules/read_field.h"
#include "rules/rule_worker.h"

static const struct slice array_separator = {(const char[]){VALUE_SEPARATOR}, 1};

enum { NEAREST_MIN = 4 /* bytes: to a shorter word, any other is near */ };

struct source_words {
    struct rule_worker *worker;
    struct record record; /* a copy: what the steps report is reported already */
    struct record_context context;
};

struct source_words *source_words_new(const struct rule_set *set)
{
    struct source_words *words = memory_new(1, sizeof *words);
    words->worker = rule_worker_new(set);
    return words;
}

void source_words_free(struct source_words *words)
{
    if (!words)
        return;
    rule_worker_free(words->worker);
    free(words);
}

bool source_words_has(const struct rule_set *set, enum field_id field)
{
    const struct field_plan *plan = set->plan_of[field];
    return plan && plan->mapping->column_count > 0 &&
           (plan->type == FIELD_TYPE_ENUM || plan->type == FIELD_TYPE_COUNTRY ||
            plan->type == FIELD_TYPE_COUNTRY_LIST || plan->type == FIELD_TYPE_BOOL);
}

const char *const *source_words_choices(const struct rule_set *set, enum field_id field)
{
    return set->plan_of[field]->choices;
}

/* The record's verdicts and values are left alone. */
static void begin(struct source_words *words, const struct record *record, struct arena *arena)
{
    size_t size = field_count() * sizeof *words->record.values;
    words->record = *record;
    words->record.verdicts = NULL;
    words->record.verdict_count = words->record.verdict_capacity = 0;
    words->record.values = memset(arena_alloc(arena, size), 0, size);
    words->context = (struct record_context){.set = words->worker->set,
                                             .worker = words->worker,
                                             .record = &words->record,
                                             .values = words->record.values,
                                             .arena = arena};
}

void source_words_begin(struct source_words *words, const struct record *record, struct arena *arena)
{
    begin(words, record, arena);
    if (words->worker->ndjson)
        ndjson_cells_read(words->worker->ndjson, &words->record, arena);
}

static void report(struct source_words *words, struct slice text,
                   void (*found)(void *context, struct slice word), void *context)
{
    struct slice clean;
    if (text_normalize(text, words->context.arena, &clean) != TEXT_ENCODING &&
        !clean_is_null(words->worker->set, clean))
        found(context, clean);
}

void source_words_each(struct source_words *words, enum field_id field,
                       void (*found)(void *context, struct slice word), void *context)
{
    const struct field_plan *plan = words->worker->set->plan_of[field];
    struct field_source source;
    struct slice rest, item;

    if (!field_source_compose(&words->context, plan, &source) || source.text.len == 0)
        return;
    rest = source.text;
    if (source.form == NDJSON_LIST)
        while (slice_next_item(&rest, array_separator, &item))
            report(words, item, found, context);
    else if (plan->mapping->split)
        while (slice_next_item(&rest, slice_from(plan->mapping->split), &item))
            report(words, item, found, context);
    else
        report(words, source.text, found, context);
}

static const char *find_nearest(const struct field_plan *plan, struct slice word, struct arena *arena)
{
    if (plan->type == FIELD_TYPE_COUNTRY || plan->type == FIELD_TYPE_COUNTRY_LIST) {
        const struct country *country = country_nearest(word, arena);
        return country ? country->alpha2 : NULL;
    }
    bool has_words = plan->choices && plan->choices != language_codes;
    return has_words && word.len >= NEAREST_MIN ? text_nearest_value(word, plan->choices) : NULL;
}

struct source_word source_words_judge(struct source_words *words, enum field_id field, struct slice word,
                                      struct arena *arena)
{
    struct field_plan plan = *words->worker->set->plan_of[field];
    const struct record none = {.row = 0};
    struct source_word result = {.state = SOURCE_WORD_READ};

    plan.otherwise = slice_make(NULL, 0);
    begin(words, &none, arena);
    read_field_text(&words->context, &plan, word);
    const struct record *record = &words->record;
    result.value = record->values[field].text;
    if (record->values[field].state != VALUE_FAILED)
        return result;
    const char *rule = record->verdicts[record->verdict_count - 1].rule;
    if (strcmp(rule, RULE_COUNTRY_REFUSED) == 0)
        return result;
    const struct country *country;
    if (strcmp(rule, RULE_AMBIGUOUS) == 0) {
        result.state = SOURCE_WORD_AMBIGUOUS;
        country_read(word, arena, &country, &result.countries);
    } else {
        result.state = SOURCE_WORD_UNKNOWN;
        result.nearest = find_nearest(&plan, word, arena);
    }
    return result;
}
