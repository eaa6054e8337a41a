/* job_parts: the parts of a job file, each read by the source of its name.
 *
 * Each has the table of its keys, and a function of type job_key_read (job_keys.h), with the struct job as
 * target, where the table is not all. Thread: one at a time.
 */
#ifndef KYC_JOB_JOB_PARTS_H
#define KYC_JOB_JOB_PARTS_H

#include "job/job_keys.h"

/* job_set.c: applies --set to the tree, before any of it is read. */
int job_set_apply(struct job_reader *reader, struct job_node *top);

/* job_input.c; target: the struct job_input. --input has precedence over input.path. */
extern const struct job_key job_input_keys[];
job_key_read job_where_read; /* input.where; target: the struct job_input */
extern const struct job_key job_where_keys[];
/* Once all is read: the paths as they will be read, and the format where none was said. */
int job_input_finish(struct job_reader *reader, const struct job_node *top);

/* job_csv.c: the part `csv` of the input, with the struct job_input as target; and, once the format is known,
 * the null value that comes with an escape character, or that no setting of CSV is given for another format.
 */
job_key_read job_csv_read;
extern const struct job_key job_csv_keys[];
int job_csv_finish(struct job_reader *reader, const struct job_node *part);

/* The keys that every provider has; those of one are in its descriptor (provider/provider_settings.h). */
job_key_read job_provider_read;
extern const struct job_key job_provider_keys[];
job_key_read job_fields_read;
extern const struct job_key job_mapping_keys[]; /* of the source of one field */
/* Before any part is read: the fields that the job names itself (metadata.*, additional_info.*). */
int job_fields_define(struct job_reader *reader, const struct job_node *top);
job_key_read job_rules_read;
extern const struct job_key job_rule_keys[]; /* of one rule */

/* job_delivery.c; target: the struct job_delivery. */
extern const struct job_key job_delivery_keys[];

/* job_ledger_setting.c; target: the struct job. job_ledger_setting_finish: once all is read, what a ledger in
 * PostgreSQL needs of the other settings. */
job_key_read job_ledger_setting_read;
int job_ledger_setting_finish(struct job_reader *reader, const struct job_node *top);

/* job_notify.c; target: the struct job_notify at the row's offset. */
job_key_read job_notify_read;
extern const struct job_key job_notify_keys[];

/* job_secret.c: a credential by its reference (`env:NAME`, `file:PATH`): loaded when the overrides ask for
 * it, else only its form is checked. value: a member of a mapping, whose key is the credential's name. */
int job_secret_read(struct job_reader *reader, const struct job_node *value,
                    struct job_credential *credential);
/* The same of a key, which may be any bytes (a credential is one line of text), and which is also loaded
 * where no credentials are, if it can be. Target: a struct secret at the row's offset. */
job_key_read job_secret_read_bytes;
/* The same of a password, which is one line of text. */
job_key_read job_secret_read_line;
/* The same of a secret without which the job can do all but notify: where it cannot be loaded, *fault says
 * why (in the arena), as a warning does, and the secret stays empty. */
int job_secret_read_optional(struct job_reader *reader, const struct job_node *value, const char *name,
                             struct secret *secret, const char **fault);
/* True for `env:NAME` and `file:PATH`. */
bool job_secret_is_reference(struct slice text);

#endif
