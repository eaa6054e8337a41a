/* explain_write: a record's way as text for people.
 *
 * Values are shown by their shape (report/mask.h) unless unmask; the customer's own key stays. What cannot be
 * seen is named in both cases (‹U+200B›). Thread: one at a time.
 */
#ifndef KYC_CMD_EXPLAIN_WRITE_H
#define KYC_CMD_EXPLAIN_WRITE_H

#include <stdbool.h>

#include "core/buffer.h"
#include "core/encoding.h"
#include "model/job.h"
#include "pipeline/find_record.h"

struct explain_settings {
    const struct job *job;
    const struct provider *provider;
    bool unmask;
    struct buffer *out;
};

void explain_write(const struct explain_settings *settings, const struct found_record *found);

/* explain_payload.c: the last part: the request as it would be sent; of a valid record. */
void explain_write_payload(const struct explain_settings *settings, const struct found_record *found);

/* explain_value.c: appends a value, masked or plain. source: its encoding. The record's own key is never
 * masked. */
void explain_write_value(const struct explain_settings *settings, const struct found_record *found,
                         struct slice value, enum encoding encoding);
/* Appends a verdict's message; what it quotes of the record is masked as the values are. */
void explain_write_message(const struct explain_settings *settings, const struct found_record *found,
                           struct slice message);

#endif
