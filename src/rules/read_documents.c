#include "rules/read_documents.h"

#include "rules/read_plan.h"

static const struct field_entry *entry_of(const struct field_plan *plan)
{
    return field_entry(plan->field);
}

/* What makes an entry count, whatever else it has. */
static bool counts(const struct field_plan *plan)
{
    enum entry_part part = entry_of(plan)->part;
    return part == ENTRY_NUMBER || part == ENTRY_FILE;
}

/* True if one of them has a value, good or bad. */
static bool read_parts(struct record_context *context, const struct field_plan *first,
                       const struct field_plan *end, bool of_counting)
{
    uint64_t *present = context->record->present;
    bool any = false;
    for (const struct field_plan *plan = first; plan < end; plan++) {
        if (counts(plan) != of_counting)
            continue;
        read_plan(context, plan);
        bool is_present = context->values[plan->field].state != VALUE_ABSENT;
        present[plan->field / 64] |= (uint64_t)is_present << plan->field % 64;
        any |= is_present;
    }
    return any;
}

/* The plan after the last of the same entry. */
static const struct field_plan *end_of_entry(const struct rule_set *set, const struct field_plan *first)
{
    const struct field_plan *end = first + 1, *last = set->plans + set->plan_count;
    while (end < last && entry_of(end)->index == entry_of(first)->index)
        end++;
    return end;
}

void read_documents(struct record_context *context)
{
    const struct rule_set *set = context->set;
    const struct field_plan *plan = set->plans + set->plain_count, *last = set->plans + set->plan_count;
    while (plan < last) {
        const struct field_plan *end = end_of_entry(set, plan);
        if (read_parts(context, plan, end, true))
            read_parts(context, plan, end, false);
        plan = end;
    }
}

/* True for an entry that counts and has no type. */
static bool lacks_type(const struct record_context *context, const struct field_plan *first,
                       const struct field_plan *end)
{
    bool is_there = false, has_type = false;
    for (const struct field_plan *plan = first; plan < end; plan++) {
        bool has_value = context->values[plan->field].state != VALUE_ABSENT;
        is_there |= has_value && counts(plan);
        has_type |= has_value && entry_of(plan)->part == ENTRY_TYPE;
    }
    return is_there && !has_type;
}

void read_documents_require_types(struct record_context *context)
{
    const struct rule_set *set = context->set;
    const struct field_plan *plan = set->plans + set->plain_count, *last = set->plans + set->plan_count;
    struct slice places = SLICE_LITERAL("");
    while (plan < last) {
        const struct field_plan *end = end_of_entry(set, plan);
        if (lacks_type(context, plan, end))
            places = arena_printf(context->arena, "%s%sdocuments[%zu]", places.data, places.len ? ", " : "",
                                  entry_of(plan)->index);
        plan = end;
    }
    if (places.len > 0)
        record_context_add_verdictf(context, FIELD_DOCUMENT_TYPE, VERDICT_REJECT, RULE_REQUIRED,
                                    "%s has a number or a file, and no type", places.data);
}
