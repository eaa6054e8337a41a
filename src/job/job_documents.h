/* job_documents: `fields.documents`, the documents of a customer. Inside of src/job.
 *
 * Each entry has a `type`, `number`, `country` and `expiry`, each a source like that of a field, and `files`,
 * a mapping of the provider's words to such sources. Each source is a field (field_define_entries). Functions
 * give 0, or -1 with the reader's error. Thread: one at a time.
 */
#ifndef KYC_JOB_JOB_DOCUMENTS_H
#define KYC_JOB_JOB_DOCUMENTS_H

#include "job/job_keys.h"

#define JOB_DOCUMENTS_KEY "documents"

/* Defines the fields, after field_define. documents: NULL: the job has none. */
int job_documents_define(struct job_reader *reader, const struct job_node *documents);

/* Calls read for the node of each source, with the field that was defined for it. */
int job_documents_each(struct job_reader *reader, const struct job_node *documents,
                       int (*read)(struct job_reader *reader, const struct job_node *source,
                                   enum field_id field));

#endif
