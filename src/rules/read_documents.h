/* read_documents: the entries of `fields.documents` of a record. Inside of src/rules.
 *
 * An entry is read where its number or one of its files has a value; of another nothing is read, so its
 * constants and its country say nothing of the record. An entry that is read needs a type:
 * document_type/required. Thread: one worker's.
 */
#ifndef KYC_RULES_READ_DOCUMENTS_H
#define KYC_RULES_READ_DOCUMENTS_H

#include "rules/record_context.h"

/* Sets the values of all parts, and their bits in record->present. Only for a set with such plans. */
void read_documents(struct record_context *context);

/* Adds document_type/required once, with the places of all entries that lack their type. For a record whose
 * other fields are read: a rule of the job may relax it. */
void read_documents_require_types(struct record_context *context);

#endif
