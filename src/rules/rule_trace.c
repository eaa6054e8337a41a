#include "rules/rule_trace.h"

#include <stdlib.h>

#include "core/memory.h"
#include "rules/clean.h"
#include "rules/field_source.h"
#include "rules/rule_worker.h"

struct rule_tracer {
    struct rule_worker *worker;
    struct record record; /* a copy: what the steps report is reported already */
    struct arena *arena;
};

struct rule_tracer *rule_tracer_new(const struct rule_set *set, const struct record *record,
                                    struct arena *arena)
{
    struct rule_tracer *tracer = memory_new(1, sizeof *tracer);
    tracer->worker = rule_worker_new(set);
    tracer->record = *record;
    tracer->record.verdicts = NULL;
    tracer->record.verdict_count = tracer->record.verdict_capacity = 0;
    tracer->arena = arena;
    rule_worker_validate(tracer->worker, &tracer->record, arena);
    return tracer;
}

void rule_tracer_free(struct rule_tracer *tracer)
{
    if (!tracer)
        return;
    rule_worker_free(tracer->worker);
    free(tracer);
}

/* The job's `values` alone: the words of an enumeration are no step of their own. */
static struct slice find_mapped(const struct field_plan *plan, struct slice text)
{
    const struct job_mapping *mapping = plan->mapping;
    for (size_t i = 0; i < mapping->value_count; i++)
        if (slice_equal(mapping->values[i].from, text))
            return mapping->values[i].to;
    return slice_make(NULL, 0);
}

bool rule_tracer_follow(struct rule_tracer *tracer, enum field_id field, struct rule_trace *trace)
{
    const struct rule_set *set = tracer->worker->set;
    const struct field_plan *plan = set->plan_of[field];
    *trace = (struct rule_trace){.is_failed = false};
    if (!plan || plan->mapping->column_count == 0 || !tracer->record.cells)
        return false;
    struct value *values = arena_alloc(tracer->arena, field_count() * sizeof *values);
    memset(values, 0, field_count() * sizeof *values);
    struct record_context context = {.set = set,
                                     .worker = tracer->worker,
                                     .record = &tracer->record,
                                     .values = values,
                                     .arena = tracer->arena};
    struct field_source source;
    trace->is_failed = !field_source_compose(&context, plan, &source);
    trace->columns = source.columns;
    trace->matched = source.text;
    if (trace->is_failed)
        return true;
    if (source.text.len == 0 && plan->fallback_plan)
        trace->fallback = plan->fallback.text;
    if (source.form != NDJSON_LIST && !plan->mapping->split)
        trace->mapped = find_mapped(plan, trace->fallback.len ? trace->fallback : source.text);
    return true;
}
