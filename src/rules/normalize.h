/* normalize: source text to a field's normal form (2-job.md, Customer fields).
 *
 * One function per field type, in one table. A source that cannot be understood gets a verdict and the value
 * fails; nothing is guessed. The inside of src/rules.
 */
#ifndef KYC_RULES_NORMALIZE_H
#define KYC_RULES_NORMALIZE_H

#include "rules/slot.h"

/* Reads one field of the record into judging->values. source: as the input has it, in its encoding. */
void normalize_source(struct judging *judging, const struct slot *slot, struct slice source);
/* The same for a text of the job file, which is UTF-8. */
void normalize_constant(struct judging *judging, const struct slot *slot, struct slice source);

/* Pairs tax_id with tax_country, when all fields are read: the country defaults to the record's. */
void normalize_tax_pairs(struct judging *judging);

/* Gives the dates with an odd time of day their verdicts, when all fields are read. */
void normalize_odd_times(struct judging *judging);

/* One type each, for the table in normalize.c: text is not empty, UTF-8 and normalized as a text. */
typedef void normalize_function(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_text(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_state(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_postal(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_national_id(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_email(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_phone(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_date(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_country(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_enum(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_bool(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_integer(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_document(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_client_id(struct judging *judging, const struct slot *slot, struct slice text);
void normalize_uri(struct judging *judging, const struct slot *slot, struct slice text);

/* Lists: the source is split before its items are normalized as a text. */
void normalize_country_list(struct judging *judging, const struct slot *slot, struct slice source);
void normalize_text_list(struct judging *judging, const struct slot *slot, struct slice source);

/* Steps that several share. Sets a value that is fine. */
static inline void normalize_accept(struct judging *judging, const struct slot *slot, struct slice text)
{
    judging->values[slot->field].text = text;
    judging->values[slot->field].state = VALUE_PRESENT;
}

/* False, with a verdict, when text has more or fewer characters than the provider takes. */
bool normalize_length(struct judging *judging, const struct slot *slot, struct slice text);

/* The text of a source: blanks, invisible characters, null values, the job's `values` (which may make it
 * nothing). False when there is no
 * value: absent, or failed with a verdict. */
bool normalize_clean(struct judging *judging, const struct slot *slot, struct slice source,
                     struct slice *text);

#endif
