/* notification: what a command's end is announced with, as one JSON object.
 *
 * Members (stable; more may be added): `notification` (1, the version of this form), `host`, `job`,
 * `command`, `status`, `meaning`, `text` (one line for people, under the name that chat webhooks show),
 * `error` (the last message of level error, or null), `started`, `finished`, `seconds`, `report` (the report
 * folder), `summary` (the command's own counts, for run those of summary.json; null if it did not begin). No
 * personal data, no customer's key, no link and no secret may be in it: it goes to third parties. The caller
 * gives no text that quotes the provider, who may name customers. Thread: one.
 */
#ifndef KYC_REPORT_NOTIFICATION_H
#define KYC_REPORT_NOTIFICATION_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

struct notification {
    const char *job, *command, *report_folder;
    int status;
    const char *text;                 /* what is to be said beside the status (`12 created`); "": nothing */
    const char *error;                /* "": none */
    uint64_t started_ns, finished_ns; /* real */
    struct slice summary;             /* a JSON object; empty: none */
};

/* Appends the object and a line end. */
void notification_write(const struct notification *notification, struct buffer *out);

#endif
