/* job_parts: the parts of a job file, each read by the source of its name.
 *
 * All are of type job_key_read (job_keys.h): rows of the file's own table, with the struct job as target.
 * Each puts its defaults in as well, so it is called (with NULL for the value) when its part is missing. 0,
 * or -1 with the reader's error. Thread: one at a time.
 */
#ifndef KYC_JOB_JOB_PARTS_H
#define KYC_JOB_JOB_PARTS_H

#include "job/job_keys.h"

/* job_set.c: applies --set to the tree, before any of it is read. */
int job_set_apply(struct job_reader *reader, struct job_node *top);

/* Defaults, then the part where there is one; --input has precedence over input.path. */
void job_input_defaults(struct job *job);
job_key_read job_input_read;
job_key_read job_where_read; /* input.where; target: the struct job_input */
/* After both: the paths as they will be read, and the format where none was said. */
int job_input_finish(struct job_reader *reader, const struct job_node *top);

/* job_csv.c: the part `csv` of the input, with the struct job_input as target; and, once the format is known,
 * the null value that comes with an escape character, or that no setting of CSV is given for another format.
 */
job_key_read job_csv_read;
int job_csv_finish(struct job_reader *reader, const struct job_node *part);

job_key_read job_provider_read;
job_key_read job_fields_read;
/* Before any part is read: the fields that the job names itself (metadata.*, additional_info.*). */
int job_fields_define(struct job_reader *reader, const struct job_node *top);
job_key_read job_rules_read;

void job_delivery_defaults(struct job *job);
job_key_read job_delivery_read;

/* job_secret.c: a credential by its reference (`env:NAME`, `file:PATH`): loaded when the overrides ask for
 * it, else only its form is checked. value: a member of a mapping, whose key is the credential's name. */
int job_secret_read(struct job_reader *reader, const struct job_node *value,
                    struct job_credential *credential);
/* The same of a key, which may be any bytes: a credential is one line of text. Target: a struct secret at the
 * row's offset. */
job_key_read job_secret_read_bytes;

#endif
