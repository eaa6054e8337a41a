/* normalize: source text to a field's normal form (2-job.md, Customer fields).
 *
 * One function per field type, in one table. A source that cannot be understood gets a verdict and the value
 * fails; nothing is guessed. The inside of src/rules.
 */
#ifndef KYC_RULES_NORMALIZE_H
#define KYC_RULES_NORMALIZE_H

#include "rules/field_plan.h"

/* Reads one field of the record into judging->values. source: as the input has it, in its encoding. */
void normalize_source(struct record_context *context, const struct field_plan *plan, struct slice source);
/* The same for a text of the job file, which is UTF-8. */
void normalize_constant(struct record_context *context, const struct field_plan *plan, struct slice source);

/* Pairs tax_id with tax_country, when all fields are read: the country defaults to the record's. */
void normalize_tax_pairs(struct record_context *context);

/* Gives the dates with an odd time of day their verdicts, when all fields are read. */
void normalize_odd_times(struct record_context *context);

/* One type each, for the table in normalize.c: text is not empty, UTF-8 and normalized as a text. */
typedef void normalize_function(struct record_context *judging, const struct field_plan *slot,
                                struct slice text);
void normalize_text(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_state(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_postal(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_national_id(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_email(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_phone(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_date(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_country(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_enum(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_bool(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_integer(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_document(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_client_id(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_uri(struct record_context *context, const struct field_plan *plan, struct slice text);

/* Lists: the source is split before its items are normalized as a text. */
void normalize_country_list(struct record_context *context, const struct field_plan *plan,
                            struct slice source);
void normalize_text_list(struct record_context *context, const struct field_plan *plan, struct slice source);

/* Steps that several share. Sets a value that is fine. */
static inline void normalize_accept(struct record_context *context, const struct field_plan *plan,
                                    struct slice text)
{
    context->values[plan->field].text = text;
    context->values[plan->field].state = VALUE_PRESENT;
}

/* False, with a verdict, when text has more or fewer characters than the provider takes. */
bool normalize_length(struct record_context *context, const struct field_plan *plan, struct slice text);

/* The text of a source: blanks, invisible characters, null values, the job's `values` (which may make it
 * nothing). False when there is no
 * value: absent, or failed with a verdict. */
bool normalize_clean(struct record_context *context, const struct field_plan *plan, struct slice source,
                     struct slice *text);

#endif
