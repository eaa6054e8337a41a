/* normalize: the normal form of each field type. Inside of src/rules.
 *
 * Each function sets context->values[plan->field]: present with the normal form, failed with a verdict, or
 * unchanged (absent).
 */
#ifndef KYC_RULES_NORMALIZE_H
#define KYC_RULES_NORMALIZE_H

#include "rules/record_context.h"

/* text: cleaned (clean.h), not empty. */
typedef void normalize_function(struct record_context *context, const struct field_plan *plan,
                                struct slice text);
/* Of a text that says yes or no. */
void normalize_yes_no(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_text(struct record_context *context, const struct field_plan *plan, struct slice text);
/* Of the US: two letters, from the letters or the full name. */
void normalize_state(struct record_context *context, const struct field_plan *plan, struct slice text);
/* Upper case. */
void normalize_postal(struct record_context *context, const struct field_plan *plan, struct slice text);
/* Of the US: the nine digits of a social security number. */
void normalize_national_id(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_email(struct record_context *context, const struct field_plan *plan, struct slice text);
/* E.164. A number without `+` is read with the record's country. */
void normalize_phone(struct record_context *context, const struct field_plan *plan, struct slice text);
/* YYYY-MM-DD. A time of day that is not the start of a day is a deferred verdict. */
void normalize_date(struct record_context *context, const struct field_plan *plan, struct slice text);
/* `2026-11-21T08:09:10Z`. A time without an offset is read in the job's zone. */
void normalize_time(struct record_context *context, const struct field_plan *plan, struct slice text);
/* ISO 3166-1 alpha-2, or an extra code of the provider. */
void normalize_country(struct record_context *context, const struct field_plan *plan, struct slice text);
/* The provider's spelling of a word. */
void normalize_enum(struct record_context *context, const struct field_plan *plan, struct slice text);
/* `true` or `false`. */
void normalize_bool(struct record_context *context, const struct field_plan *plan, struct slice text);
/* 0 to INT32_MAX without leading zeros. */
void normalize_integer(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_document(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_client_id(struct record_context *context, const struct field_plan *plan, struct slice text);
void normalize_uri(struct record_context *context, const struct field_plan *plan, struct slice text);

/* These clean the source themselves. A key keeps its inner blanks: two keys that differ by a blank are two
 * customers. */
void normalize_key(struct record_context *context, const struct field_plan *plan, struct slice source);
/* A list is split before its items are cleaned; the value has VALUE_SEPARATOR between them. A repeated
 * country is dropped, but not in tax_country, whose items pair with those of tax_id. */
void normalize_country_list(struct record_context *context, const struct field_plan *plan,
                            struct slice source);
void normalize_text_list(struct record_context *context, const struct field_plan *plan, struct slice source);

/* Once all fields are read: pairs tax_id with tax_country. One country counts for all ids; without any it is
 * the record's. */
void normalize_tax_pairs(struct record_context *context);

#endif
