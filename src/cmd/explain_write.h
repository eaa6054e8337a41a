/* explain_write: the steps of one record as text for people.
 *
 * Without unmask, values are shown as their shapes (report/mask.h), except for the customer's own key.
 * Invisible characters are named in both cases (‹U+200B›). Thread: one at a time.
 */
#ifndef KYC_CMD_EXPLAIN_WRITE_H
#define KYC_CMD_EXPLAIN_WRITE_H

#include <stdbool.h>

#include "core/buffer.h"
#include "core/encoding.h"
#include "model/job.h"
#include "pipeline/find_record.h"
#include "rules/rule_trace.h"

struct explain_settings {
    const struct job *job;
    const struct provider *provider;
    bool unmask;
    struct buffer *out;
    const struct rule_trace *traces; /* by field; NULL: the record cannot be read in columns */
};

void explain_write(const struct explain_settings *settings, const struct found_record *found);

/* explain_payload.c: appends the request as it would be sent, of a valid record. */
void explain_write_payload(const struct explain_settings *settings, const struct found_record *found);

/* explain_value.c: appends a value, masked or plain. The record's own key is never masked. */
void explain_write_value(const struct explain_settings *settings, const struct found_record *found,
                         struct slice value, const struct encoding *encoding);
/* Appends a verdict's message; quoted values of the record are masked. */
void explain_write_message(const struct explain_settings *settings, const struct found_record *found,
                           struct slice message);

#endif
