/* adopt_report: what adopt found, as text, as JSON, and as REPORT/adopt.json.
 *
 * Records are named by their external_id and users by their id; members by the field's name. No value of a
 * customer is written. Thread: the main one.
 */
#ifndef KYC_CMD_ADOPT_REPORT_H
#define KYC_CMD_ADOPT_REPORT_H

#include <stdbool.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "model/job.h"
#include "pipeline/adopt_job.h"
#include "provider/provider.h"

struct adopt_report {
    const struct job *job;
    const struct provider *provider;
    const struct adopt_job_result *result;
    bool is_dry;
    int status;
};

/* A table for people, with the first unclear records. */
void adopt_report_write_text(const struct adopt_report *report, struct buffer *out);
/* A line of the log in place of the table, where something is left to a person (adopt_job_status). */
void adopt_report_log(const struct adopt_report *report);
/* One JSON object, with the unclear records. */
void adopt_report_write_json(const struct adopt_report *report, struct json_writer *json);
/* Writes adopt.json to the report folder (0600). 0, or -1 with ERROR_USAGE. */
int adopt_report_save(const struct adopt_report *report, struct error *error);

#endif
