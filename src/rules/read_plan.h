/* read_plan: one field of a record, from wherever its plan says. Inside of src/rules.
 *
 * Thread: one worker's; inline, for it is called for each field of each record.
 */
#ifndef KYC_RULES_READ_PLAN_H
#define KYC_RULES_READ_PLAN_H

#include "rules/field_source.h"
#include "rules/ndjson_cells.h"
#include "rules/read_field.h"

/* Sets context->values[plan->field]. */
static inline void read_plan(struct record_context *context, const struct field_plan *plan)
{
    const struct record *record = context->record;
    if (plan->is_cell && plan->column < record->cell_count) /* nearly all */
        read_field_cell(context, plan, record->cells[plan->column]);
    else if (plan->is_constant)
        context->values[plan->field] = plan->constant;
    else if (plan->mapping->constant)
        read_field_text(context, plan, slice_from(plan->mapping->constant));
    else if (plan->has_source)
        field_source_read(context, plan);
    else if (context->worker->ndjson)
        ndjson_cells_read_field(context->worker->ndjson, context, plan);
}

#endif
