/* read_field: one field of a record, from its source text to its normal form. Inside of src/rules.
 *
 * Dispatches by field type to the functions of normalize.h. A source that cannot be read gets a verdict, and
 * its value fails; nothing is guessed.
 */
#ifndef KYC_RULES_READ_FIELD_H
#define KYC_RULES_READ_FIELD_H

#include "rules/record_context.h"

/* Sets context->values[plan->field]. cell: in the encoding of the input. */
void read_field_cell(struct record_context *context, const struct field_plan *plan, struct slice cell);
/* The cell as UTF-8, without a spreadsheet's guards where the job strips them. False, with a verdict, when a
 * byte is not of the input's encoding. */
bool read_field_decode(struct record_context *context, const struct field_plan *plan, struct slice cell,
                       struct slice *text);
/* As read_field_cell for UTF-8: a text of the job file or of NDJSON. */
void read_field_text(struct record_context *context, const struct field_plan *plan, struct slice source);

#endif
