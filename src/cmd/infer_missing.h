/* infer_missing: the fields that the provider needs or takes, and that no column fits. For infer_fields.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_MISSING_H
#define KYC_CMD_INFER_MISSING_H

#include "cmd/infer_line.h"

/* Appends a required field, so that the job can be loaded: no record has a value of it until a person has
 * answered its TODO. */
void infer_missing_write(struct infer_writer *writer, enum field_id field);

/* Appends, as comments, a field that the provider recommends, or needs of some customers, with its words, or
 * that makes it ask customers for what is missing; of any other field nothing. */
void infer_missing_need(const struct infer_writer *writer, enum field_id field);

/* Appends, as a comment, the names of all others that the provider takes and that no column fits. */
void infer_missing_optional(const struct infer_writer *writer);

/* Appends, as comments, the rules that relax what the provider's page may require and no column fits. */
void infer_missing_relax(const struct infer_writer *writer);

#endif
