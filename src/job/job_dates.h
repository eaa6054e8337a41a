/* job_dates: the keys of a field that are about dates alone. Inside of src/job.
 *
 * The readers are rows of the table of job_fields.c; their target is the struct job_mapping. Each refuses a
 * field that is not a date. Thread: one at a time.
 */
#ifndef KYC_JOB_JOB_DATES_H
#define KYC_JOB_JOB_DATES_H

#include "job/job_keys.h"

/* The first year of a window: within it a document can have been issued or can expire. */
enum { JOB_CENTURY_MIN = 1800, JOB_CENTURY_MAX = 2100 };

job_key_read job_dates_read_format;  /* format: one or a list */
job_key_read job_dates_read_century; /* century: min to max */
job_key_read job_dates_read_locale;  /* locale */
job_key_read job_dates_read_zone;    /* zone */
job_key_read job_dates_read_time;    /* time */

/* Once all keys of a field are read: the combinations of its date keys. 0, or -1 with the reader's error.
 * Notes (by job_note) a key without effect. */
int job_dates_check(struct job_reader *reader, const struct job_node *field,
                    const struct job_mapping *mapping);

#endif
