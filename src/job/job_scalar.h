/* job_scalar: the values of the job file: text, numbers, sizes, durations, rates, words.
 *
 * Each function of type job_key_read is for a row of a table of keys (job_keys.h): it puts what it read at
 * the row's offset of target. 0, or -1 with the error at the value's place. Thread: one at a time.
 */
#ifndef KYC_JOB_JOB_SCALAR_H
#define KYC_JOB_JOB_SCALAR_H

#include "core/quantity.h"
#include "job/job_keys.h"

/* Text that is not empty, NUL-terminated in the job's arena (it borrows the node's). */
job_key_read job_scalar_text;     /* const char * */
job_key_read job_scalar_path;     /* const char *: joined with the job file's folder */
job_key_read job_scalar_uint32;   /* uint32_t, min to max */
job_key_read job_scalar_uint64;   /* uint64_t, min to max */
job_key_read job_scalar_size;     /* size_t, bytes: `65536`, `64KiB`, `1MiB`, `1GiB`; min to max */
job_key_read job_scalar_duration; /* uint64_t, ns: `500ms`, `30s`, `10m`, `2h`; min to max */
job_key_read job_scalar_percent;  /* uint32_t: `20%` */
job_key_read job_scalar_rate;     /* struct job_rate: `20/s`, `300/min`, `1000/h` */
job_key_read job_scalar_bool;     /* bool */
job_key_read job_scalar_word;     /* int: which of the row's words */
/* char: one ASCII character other than a letter, digit, blank or line end; or `tab`. */
job_key_read job_scalar_separator;

/* The form of the values that such a function reads, for a person: `whole number`; "" of job_scalar_word,
 * whose words say it; NULL for any other function. */
const char *job_scalar_form(job_key_read *read);
/* How the bounds of such values are written: `1ms` for 1,000,000 ns; NULL where min and max are none. */
const struct quantity *job_scalar_quantity(job_key_read *read);

/* The text of a scalar that is not null or empty, into *text. */
int job_scalar_read(struct job_reader *reader, const struct job_node *value, struct slice *text);

/* path as it is when absolute, else below the job file's folder; in the arena. */
const char *job_scalar_join(struct job_reader *reader, const char *path);

#endif
