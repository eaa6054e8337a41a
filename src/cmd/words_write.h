/* words_write: the words of one field as a mapping with `values`, to be pasted into a job file. For words.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_WORDS_WRITE_H
#define KYC_CMD_WORDS_WRITE_H

#include "cmd/words_table.h"
#include "core/buffer.h"
#include "rules/source_words.h"

/* table: sorted. mapping: the field's. The output alone is YAML with nothing but comments, or with a mapping
 * that loads: a word without a near one is a comment, and what the job's `values` have is kept. */
void words_write_field(struct buffer *out, const char *provider, const struct job_mapping *mapping,
                       const struct rule_set *rules, struct source_words *reader,
                       const struct words_table *table);

/* What is written for a word or a code that a person must give. choices: the field's words, or NULL. */
const char *words_write_placeholder(enum field_id field, const char *const *choices);

#endif
