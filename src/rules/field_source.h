/* field_source: what a field's value is made from: its columns, match and replacement, and what stands for no
 * value. Inside of src/rules.
 *
 * In this order: the first column with a value, or all of them joined; `match` and `replace`; where there is
 * no value now, `default` or the "" of `values`. A null value of the job is no value, before and after a
 * replacement. The result is read like the cell of a single column (read_field.h): `values`, `split` and the
 * field's type come after it.
 *
 * A list that the input holds as such (an array of NDJSON) is matched item by item; one that is split from a
 * text is matched as that text, before it is split.
 */
#ifndef KYC_RULES_FIELD_SOURCE_H
#define KYC_RULES_FIELD_SOURCE_H

#include "core/error.h"
#include "rules/ndjson_cells.h"
#include "rules/record_context.h"

/* Compiles the pattern of a plan and tries its replacement. Sets plan->pattern, which field_source_clear
 * frees. 0, or -1 with ERROR_USAGE at their place. */
int field_source_prepare(struct rule_set *set, struct field_plan *plan, struct error *error);
void field_source_clear(struct field_plan *plan);

/* A field's source on its way. Text is empty where there is no value, and has VALUE_SEPARATOR between the
 * items of a list. */
struct field_source {
    struct slice columns; /* what the columns give */
    struct slice text;    /* after match and replace */
    enum ndjson_form form;
};

/* Up to match and replace. False, with a verdict, when the field failed. */
bool field_source_compose(struct record_context *context, const struct field_plan *plan,
                          struct field_source *source);

/* Reads a field of a record: sets context->values[plan->field]. */
void field_source_read(struct record_context *context, const struct field_plan *plan);

#endif
